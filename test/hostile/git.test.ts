/** A repository's configuration is input: whatever it says, `import` starts no program of its, and changes no repository but its own. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openGit } from "../../src/cli/import/git.ts";
import { start } from "../helpers/start.ts";
import { makePlace } from "../helpers/transcript.ts";

const place = makePlace();
const shop = join(place.folder, "shop");
const canary = join(place.folder, "ran");
t.teardown(place.remove);

async function git(cwd: string, ...argv: string[]): Promise<string> {
  const { status, stdout, stderr } = await start(["git", "-c", "user.name=a", "-c", "user.email=b", ...argv], {
    cwd,
    env: place.env,
  });
  if (status !== 0) throw new Error(stderr.toString());
  return stdout.toString();
}

t.test("no program that a repository names is started", async (t) => {
  await git(shop, "init", "-q");
  writeFileSync(join(shop, ".env"), "A_SECRET=xyzzy1234plugh\n");
  writeFileSync(join(shop, "other"), "x\n");
  await git(shop, "add", "-A");
  await git(shop, "commit", "-qm", "one");
  const evil = join(place.folder, "evil");
  writeFileSync(evil, `#!/bin/sh\necho "$0 $*" >> ${canary}\nexit 0\n`);
  chmodSync(evil, 0o755);
  const hooks = join(place.folder, "hooks");
  mkdirSync(hooks);
  for (const name of ["post-index-change", "pre-commit", "post-checkout", "reference-transaction", "pre-auto-gc"]) {
    writeFileSync(join(hooks, name), readFileSync(evil), { mode: 0o755 });
    mkdirSync(join(shop, ".git/hooks"), { recursive: true });
    writeFileSync(join(shop, ".git/hooks", name), readFileSync(evil), { mode: 0o755 });
  }
  const config: Record<string, string> = {
    "core.fsmonitor": evil,
    "core.hooksPath": hooks,
    "core.sshCommand": evil,
    "core.pager": evil,
    "core.editor": evil,
    "core.gitProxy": evil,
    "core.askPass": evil,
    "core.alternateRefsCommand": evil,
    "pager.log": evil,
    "diff.external": evil,
    "diff.x.textconv": evil,
    "diff.x.command": evil,
    "filter.x.clean": evil,
    "filter.x.smudge": evil,
    "filter.x.process": evil,
    "merge.x.driver": evil,
    "log.showSignature": "true",
    "gpg.program": evil,
    "credential.helper": evil,
    "alias.ls-files": `!${evil}`,
    "alias.rev-list": `!${evil}`,
    "remote.origin.url": `ext::${evil} %S`,
    "remote.origin.promisor": "true",
    "remote.origin.uploadpack": evil,
    "remote.origin.partialclonefilter": "blob:none",
    "protocol.ext.allow": "always",
    "extensions.partialClone": "origin",
    "core.repositoryFormatVersion": "1",
    "trace2.normalTarget": join(place.folder, "trace"),
  };
  for (const [name, value] of Object.entries(config)) await git(shop, "config", name, value);
  writeFileSync(join(shop, ".gitattributes"), "* filter=x diff=x merge=x\n");
  // git would ask the remote for what is missing
  const blob = (await git(shop, "-c", "core.fsmonitor=", "rev-parse", "HEAD:other")).trim();
  await start(["rm", "-f", join(shop, ".git/objects", blob.slice(0, 2), blob.slice(2))], { cwd: shop });
  await start(["rm", "-f", canary], { cwd: shop });
  // the positive control: as it stands, the repository does start them
  await start(["git", "status"], { cwd: shop, env: place.env });
  t.ok(existsSync(canary), "git alone starts the program");
  await start(["rm", "-f", canary], { cwd: shop });

  const { git: view } = openGit(shop, {
    ...place.env,
    GIT_DIR: "/nowhere",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "core.fsmonitor",
    GIT_CONFIG_VALUE_0: evil,
  });
  t.ok(view);
  t.same([...(view?.tracked([".env", "other"]) ?? [])], [".env", "other"]);
  t.equal(view?.history([".env", "other"])?.get(".env")?.commits, 1);
  t.same(
    view?.versions(".env")?.map((bytes) => Buffer.from(bytes).toString()),
    ["A_SECRET=xyzzy1234plugh\n"],
  );
  view?.versions("other");
  view?.ignored([".env", "other"]);
  t.ok(view?.own);
  t.ok(view?.untrack([".env"]));
  t.same([...(view?.tracked([".env", "other"]) ?? [])], ["other"]);
  t.notOk(existsSync(canary), existsSync(canary) ? readFileSync(canary, "utf8") : "nothing ran");

  const done = await start(["sh", "-c", "zvault init --key-file ../k --yes && zvault import --yes && zvault seal"], {
    cwd: shop,
    env: place.env,
  });
  t.equal(done.status, 0, done.stderr.toString());
  t.notOk(existsSync(canary), existsSync(canary) ? readFileSync(canary, "utf8") : "nothing ran");
});

t.test("a .git file that points at another repository changes nothing there", async (t) => {
  const victim = join(place.folder, "victim");
  const guest = join(place.folder, "guest");
  for (const folder of [victim, guest]) mkdirSync(folder);
  await git(victim, "init", "-q");
  writeFileSync(join(victim, ".env"), "A_SECRET=xyzzy1234plugh\n");
  await git(victim, "add", "-f", ".env");
  writeFileSync(join(guest, ".git"), `gitdir: ${victim}/.git\n`);
  writeFileSync(join(guest, ".env"), "A_SECRET=another5678value\n");
  const { git: view } = openGit(guest, place.env);
  t.equal(view?.own, false);
  const done = await start(["sh", "-c", "zvault init --key-file ../k2 --yes && zvault import --yes; zvault seal"], {
    cwd: guest,
    env: place.env,
  });
  t.match(done.stdout.toString(), /still in git, take them out: git rm --cached -- \.env/);
  t.equal((await git(victim, "ls-files")).trim(), ".env");
});

t.test("an index that is a link to another repository's is not written through; a commit that was replaced is seen", async (t) => {
  const [victim, guest] = ["indexed", "linking"].map((name) => join(place.folder, name));
  if (victim === undefined || guest === undefined) throw new Error("two folders");
  for (const folder of [victim, guest]) {
    mkdirSync(folder);
    await git(folder, "init", "-q");
    writeFileSync(join(folder, ".env"), "A_SECRET=xyzzy1234plugh\n");
    await git(folder, "add", "-f", ".env");
    await git(folder, "commit", "-qm", "one");
  }
  const { git: view } = openGit(guest, place.env);
  t.equal(view?.own, true);
  const tree = (await git(guest, "mktree")).trim();
  await git(guest, "replace", "HEAD", (await git(guest, "commit-tree", "-m", "x", tree)).trim());
  t.equal(view?.history([".env"])?.get(".env")?.commits, 1);
  await start(["ln", "-sf", join(victim, ".git/index"), join(guest, ".git/index")], { cwd: guest });
  t.equal(view?.own, false);
});

t.test("submodule, linked worktree, bare and broken repositories, and none", async (t) => {
  const [main, tree, bare, broken] = ["main", "tree", "bare", "broken"].map((name) => join(place.folder, name));
  if (main === undefined || tree === undefined || bare === undefined || broken === undefined) throw new Error("four folders");
  for (const folder of [main, bare, broken, join(place.folder, "lib")]) mkdirSync(folder);
  const lib = join(place.folder, "lib");
  await git(lib, "init", "-q");
  await git(lib, "commit", "-q", "--allow-empty", "-m", "one");
  await git(main, "init", "-q");
  await git(main, "commit", "-q", "--allow-empty", "-m", "one");
  await git(main, "-c", "protocol.file.allow=always", "submodule", "add", "-q", lib, "sub");
  await git(main, "worktree", "add", "-q", tree);
  for (const folder of [tree, join(main, "sub")]) {
    writeFileSync(join(folder, ".env"), "A=1\n");
    await git(folder, "add", "-f", ".env");
    const { git: view } = openGit(folder, place.env);
    t.equal(view?.top, folder);
    t.same([...(view?.tracked([".env"]) ?? [])], [".env"]);
    t.equal(view?.own, true);
    t.ok(view?.untrack([".env"]));
  }
  await git(bare, "init", "-q", "--bare");
  t.same(openGit(bare, place.env), {});
  mkdirSync(join(broken, ".git"));
  writeFileSync(join(broken, ".git/HEAD"), "nonsense\n");
  t.equal(openGit(broken, place.env).git, undefined);
  t.same(openGit(shop, { ...place.env, PATH: "/nowhere" }), {});
  t.same(openGit(shop, { ...place.env, PATH: ".:bin" }), {});
});
