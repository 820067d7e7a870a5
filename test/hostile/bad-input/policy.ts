/** Policies with odd names, odd texts and odd files: refused whole, and nothing is another afterwards. */
import type { Row } from "./driver.ts";

const write = (name: string, text: string): string =>
  `printf '${text}' | zvault policy write "$(printf '${name}')" - --key-file ../key`;

const names: [what: string, spelled: string][] = [
  ["a no-break space in front", "\\302\\240local"],
  ["full-width letters", "\\357\\275\\214ocal"],
  ["a Cyrillic letter", "l\\320\\276cal"],
  ["the Kelvin sign, whose lower case is k", "\\342\\204\\252ey"],
  ["a zero-width space", "lo\\342\\200\\213cal"],
  ["an escape sequence", "lo\\033[31mcal"],
  ["a slash", "../local"],
  ["two dots", ".."],
  ["a star", "local*"],
  ["65 characters", "x".repeat(65)],
  ["nothing", ""],
];

const texts: [what: string, text: string, says: string][] = [
  ["a star in the middle", 'path "env/*/KEY" { capabilities = ["use"] }', "`*` stands only at the end"],
  ["a + that is no whole segment", 'path "env/a+/KEY" { capabilities = ["use"] }', "`+` stands for a whole segment"],
  ["..", 'path "env/../KEY" { capabilities = ["use"] }', "segment 2 is .."],
  ["//", 'path "env//KEY" { capabilities = ["use"] }', "segment 2 is empty"],
  ["a look-alike in a path", 'path "\\320\\265nv/KEY" { capabilities = ["use"] }', "has a character that is not allowed"],
  ["a byte order mark", '\\357\\273\\277path "env/KEY" { capabilities = ["use"] }', "line 1, column 1"],
  ["a NUL", 'path "env/KEY" { capabilities = ["use"] } \\000', "line 1, column 43"],
  ["an attribute of the prototype", '{"path": {"a": {"__proto__": ["use"]}}}', 'unknown attribute "__proto__"'],
  ["half of it", 'path "env/KEY" { capabilities = ["use"', "the end where , or ] was expected"],
];

export const policy: Row[] = [
  ...names.map(([what, spelled], at): Row => ({
    name: `a policy's name with ${what}`,
    given: "unseal",
    when: write(spelled, ""),
    exit: 2,
    says: "is no name of a policy",
    hint: "a-z 0-9",
    // oxlint-disable-next-line no-control-regex
    never: /[\u001b\u200b\u00a0]/,
    quick: at === 0,
  })),
  {
    name: "a fixed policy's name in other letters, with blanks",
    given: "unseal",
    when: write(" ROOT ", ""),
    exit: 4,
    says: "the policy root is the same in every vault",
  },
  ...texts.map(([what, text, says], at): Row => ({
    name: `a policy's text with ${what}`,
    given: "unseal",
    when: write("local", text),
    exit: 2,
    says,
    mend: "unseal; zvault policy list | grep -q 'local  *[0-9]* rules*  built-in$'",
    quick: at === 4,
  })),
  {
    name: "a policy of 64 KiB and a byte",
    given: "unseal",
    when: "head -c 65537 /dev/zero | tr '\\0' '#' | zvault policy write big - --key-file ../key",
    exit: 2,
    says: "longer than 65536 characters",
  },
  {
    name: "a policy of a size that is none",
    given: "unseal",
    when: "head -c 1000000 /dev/zero | zvault policy write big - --key-file ../key",
    exit: 2,
    says: "stdin is larger than",
  },
  ...(
    [
      ["link", "symbolic link"],
      ["fifo", "is no regular file"],
      ["folder", "is no regular file"],
      ["world", "can be written by everybody"],
    ] as const
  ).map(([kind, says]): Row => ({
    name: `a policy's file: ${kind}`,
    given: `unseal; echo '# nothing' > ../p.hcl; swap ${kind} ../p.hcl`,
    when: "zvault policy write p ../p.hcl --key-file ../key",
    exit: 4,
    says,
    mend: "back ../p.hcl",
    quick: kind === "fifo",
  })),
];
