/** Links, FIFOs, folders, devices, second names, other modes and owners in the place of each file that zvault opens. */
import type { Row } from "./driver.ts";

type Kind = "link" | "fifo" | "folder" | "device" | "second" | "open" | "theirs" | "empty";

const asRoot = new Set<Kind>(["device", "theirs"]);

/** What is said of a file that the vault opens itself (vault/io.ts). */
const said: Record<Exclude<Kind, "empty">, { says: string; hint: string }> = {
  link: { says: "a symbolic link stands in place of", hint: "shows where the link leads" },
  fifo: { says: "is not a regular file", hint: "move it away" },
  folder: { says: "is not a regular file", hint: "move it away" },
  device: { says: "is not a regular file", hint: "move it away" },
  second: { says: "has a second name (hard link)", hint: "cp -p" },
  open: { says: "can be read or written by others (mode 644)", hint: "chmod 600" },
  theirs: { says: "belongs to another user (was sudo used?)", hint: "without sudo" },
};
const kinds = Object.keys(said) as (keyof typeof said)[];

/** In the quick run each file meets one kind of thing, each kind some file. */
function inVault(file: string, at: number, own: Partial<typeof said> = {}): Row[] {
  return kinds.map((kind, index) => ({
    name: `${file}: ${kind}`,
    given: `[ -e ${file} ] || (umask 077; : > ${file}); swap ${kind} ${file}`,
    when: "zvault unseal --key-file ../key",
    exit: 4,
    ...(own[kind] ?? said[kind]),
    mend: `back ${file}`,
    ...(asRoot.has(kind) ? { needs: "root" as const } : {}),
    quick: index === at,
  }));
}

const located = { says: "is not a regular file", hint: "zvault backup restore" };
const known = { says: "is not a small regular file", hint: "zvault adopt" };

/** A file that a command names. `when` is typed with the kind in its place. */
function named(file: string, when: string, own: Partial<Record<Kind, Partial<Row>>>): Row[] {
  return (Object.entries(own) as [Kind, Partial<Row>][]).map(([kind, more]) => ({
    name: `${when}: ${kind}`,
    given: `unseal; [ -e ${file} ] || printf text > ${file}; chmod 600 ${file}; swap ${kind} ${file}`,
    when,
    exit: 4,
    says: "is no regular file",
    ...(asRoot.has(kind) ? { needs: "root" as const } : {}),
    mend: `back ${file}`,
    ...more,
  }));
}

const link = { says: "is a symbolic link" };

export const inPlace: Row[] = [
  ...inVault(".zvault/vault", 0, {
    link: { says: ".zvault/vault is a symbolic link", hint: "zvault backup restore" },
    fifo: located,
    folder: located,
    device: located,
    theirs: { says: "belongs to another user (was sudo used?)", hint: "without sudo" },
  }),
  ...inVault(".zvault/keys", 4),
  ...inVault(".zvault/lock", 2),
  ...inVault(".zvault/audit/000001.jsonl", 3),
  ...inVault(".zvault/unseal.log", 5),
  ...inVault("$HEAD", 6),
  ...inVault("$S/known", 1, {
    link: { says: "known is a symbolic link", hint: "zvault adopt" },
    fifo: known,
    folder: known,
    device: known,
  }),
  ...named("../key", "zvault unseal --key-file ../key", {
    link: { ...link, hint: "name the file it leads to" },
    fifo: { hint: "ls -ld ../key" },
    folder: {},
    device: {},
    open: { says: "../key can be read by others", hint: "chmod 600 ../key" },
    theirs: { says: "../key belongs to user 65534", hint: "make a copy of your own" },
    empty: { exit: 8, says: "../key: the key file is not a zvault key file", hint: "zvault-key-1" },
  }),
  ...named("../shares/share-1.txt", "zvault unseal --vault ../many --share @../shares/share-1.txt --share @../shares/share-2.txt", {
    link: { says: "../shares/share-1.txt is a symbolic link" },
    fifo: { says: "../shares/share-1.txt is no regular file" },
    open: { says: "../shares/share-1.txt can be read by others", hint: "chmod 600" },
    theirs: { says: "../shares/share-1.txt belongs to user 65534" },
    empty: { exit: 8, says: "too few shares: 1 of the 2", hint: "all shares in one call" },
  }),
  ...named("../value", "zvault set NEW @../value", {
    link: { ...link, hint: "name the file it leads to" },
    fifo: { says: "../value is no regular file", hint: "pipe it in with -" },
    folder: { says: "../value is no regular file" },
    device: { says: "../value is no regular file" },
    theirs: { says: "../value belongs to user 65534" },
    empty: { exit: 0, says: "NEW: version 1" },
  }),
  ...named("../out", "zvault get API_KEY --out ../out --yes --key-file ../key", {
    link: {},
    fifo: {},
    folder: {},
    device: {},
  }),
  ...named(".env.zvault", "zvault run -- true", {
    link: { exit: 125, says: ".env.zvault is a symbolic link", hint: "must be a regular file" },
    fifo: { exit: 125, says: ".env.zvault is no regular file" },
    theirs: { exit: 125, says: "belongs to user 65534, not to you" },
  }),
  ...named(".env.zvault", "printf 'NEW=abcdefgh1234\\n' > .env; zvault import --yes; r=$?; test -s .env || exit 99; exit $r", {
    link: { says: ".env.zvault is a symbolic link", hint: "name the file" },
    fifo: { says: ".env.zvault is no regular file", quick: true },
    device: { says: ".env.zvault is no regular file" },
    theirs: { says: "belongs to user 65534, not to you" },
  }),
  ...named(".gitignore", "printf 'NEW=abcdefgh1234\\n' > .env; zvault import --yes; r=$?; test -s .env || exit 99; exit $r", {
    link: { says: ".gitignore is a symbolic link" },
    fifo: { says: ".gitignore is no regular file", quick: true },
  }),
  ...named(".env", "zvault import .env --yes", {
    link: { says: ".env is a symbolic link" },
    fifo: { says: ".env is no regular file" },
    folder: { says: ".env is no regular file" },
    device: { says: ".env is no regular file" },
    theirs: { says: ".env belongs to another user" },
    empty: { exit: 0, says: "wrote .env.zvault" },
  }),
  ...named("../home/.config/zvault/identity", "echo correct horse battery staple | zvault unseal --vault ../own -", {
    link: { says: "a symbolic link stands in place of", hint: "ls -l" },
    fifo: { says: "identity is not a regular file" },
    open: { says: "can be read or written by others", hint: "chmod 600" },
    empty: { exit: 6, says: "the identity file is not one", hint: "put back a copy" },
  }),
  ...["fifo", "link", "folder"].map((kind) => ({
    name: `package.json: ${kind} gives no name, and holds nothing up`,
    given: `rm -rf .zvault .env.zvault; : > package.json; swap ${kind} package.json; printf 'NEW=abcdefgh1234\\n' > .env`,
    when: "zvault init --vault ../fresh --key-file ../key --yes 2>&1; mkdir ../fresh && zvault init --vault ../fresh --key-file ../key --yes && cd ../fresh && cp -a ../shop/package.json ../shop/.env . && zvault import --yes",
    exit: 0,
    says: "into project fresh",
    mend: `cp -a "$B.kept/shop/.zvault" .`,
    quick: kind === "fifo",
  })),
  ...["link", "fifo"].map((kind) => ({
    name: `the folder .zvault: ${kind}`,
    given: `swap ${kind} .zvault`,
    when: "zvault ls",
    exit: 4,
    says: kind === "link" ? ".zvault is a symbolic link" : ".zvault is no folder",
    hint: /ls -l/,
    mend: "back .zvault",
    quick: kind === "link",
  })),
  {
    name: "the audit folder: a link",
    quick: true,
    given: "swap link .zvault/audit",
    when: "zvault unseal --key-file ../key",
    exit: 4,
    says: ".zvault/audit is a symbolic link",
    mend: "back .zvault/audit",
  },
  {
    name: "the audit folder: a FIFO",
    given: "swap fifo .zvault/audit",
    when: "zvault unseal --key-file ../key",
    exit: 4,
    says: ".zvault/audit is not a folder",
    mend: "back .zvault/audit",
  },
  {
    name: "the audit folder is gone: said, and gone on with",
    given: "rm -rf .zvault/audit",
    when: "zvault unseal --key-file ../key",
    exit: 6,
    says: "the audit log is gone",
    hint: "--accept-rollback",
    mend: "zvault unseal --key-file ../key --accept-rollback",
  },
  {
    name: "the vault's folder can be written by others",
    given: "chmod 777 .zvault",
    when: "zvault ls",
    exit: 4,
    says: ".zvault can be written by others",
    hint: "chmod 700",
    mend: "chmod 700 .zvault",
  },
  {
    name: "the state folder can be written by others: who could say which vaults are ours",
    quick: true,
    given: "chmod 777 $S",
    when: "zvault ls",
    exit: 4,
    says: "state/zvault can be written by others",
    hint: "chmod 700",
    mend: "chmod 700 $S",
  },
  {
    name: "the state folder is a file",
    given: "swap empty $S",
    when: "zvault ls",
    exit: 4,
    says: "state/zvault is no folder",
    mend: "back $S",
  },
  {
    name: "the vault's mirror is a link: the vault works on, and status says that there is no second copy",
    quick: true,
    given: "for m in $S/mirror/*; do mv $m $S/; ln -s ../${m##*/} $m; done; unseal; printf x | zvault set NEW -",
    when: "zvault status",
    exit: 0,
    says: "no second copy:",
  },
  {
    name: "the mirror is a FIFO",
    given: "rm -rf $S/mirror; mkfifo $S/mirror; unseal; printf x | zvault set NEW -",
    when: "zvault status",
    exit: 0,
    says: "no second copy:",
  },
];
