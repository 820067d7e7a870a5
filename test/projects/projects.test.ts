/**
 * Forty projects through the whole of it: before the import every secret is found by the same search that finds none afterwards in what
 * could be committed; every program gets the same environment from `zvault run` as from its own reader; `eject` gives every file back byte
 * for byte. `npm test` does two of them, `npm run test:slow` all.
 */
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { start } from "../helpers/start.ts";
import { makePlace } from "../helpers/transcript.ts";
import { type Project, projects, type Run } from "./projects.ts";

const slow = process.env["ZVAULT_TEST_SLOW"] === "1";
const quick = ["next-tracked", "turbo-mono"];
const chosen = slow ? projects : projects.filter((one) => quick.includes(one.name));
const dotenv = fileURLToPath(import.meta.resolve("dotenv"));

const place = makePlace();
t.teardown(async () => {
  await start(["zvault", "seal"], { cwd: place.folder, env: place.env });
  place.remove();
});
// prints a digest of the variables of the files, as the program has them
const program = join(place.folder, "digest.cjs");
fs.writeFileSync(
  program,
  `const names = process.argv[2].split(",").toSorted();
   const has = names.map((name) => name + "=" + JSON.stringify(process.env[name] ?? null));
   console.log(require("node:crypto").createHash("sha256").update(has.join("\\n")).digest("hex"));`,
);
const reader = join(place.folder, "reader.cjs");
fs.writeFileSync(
  reader,
  `const { parse } = require(${JSON.stringify(dotenv)});
   const all = Object.assign({}, ...process.argv[2].split(",").map((file) => parse(require("node:fs").readFileSync(file))));
   console.log(Object.keys(all).join(","));
   Object.assign(process.env, all);
   process.argv[2] = Object.keys(all).join(",");
   require(${JSON.stringify(program)});`,
);

async function run(cwd: string, ...argv: string[]): Promise<string> {
  const { status, stdout, stderr } = await start(argv, { cwd, env: place.env });
  if (status !== 0) throw new Error(`${argv.join(" ")}: ${status}\n${stderr.toString()}\n${stdout.toString()}`);
  return stdout.toString();
}

const git = (cwd: string, ...argv: string[]): Promise<string> =>
  run(cwd, "git", "-c", "user.name=a", "-c", "user.email=b", ...argv);

/** Folder of the project, as it lies there before the import. */
async function lay(project: Project): Promise<string> {
  let folder = join(place.folder, project.name);
  fs.mkdirSync(folder);
  if (project.git !== "none") await git(folder, "init", "-q");
  if (project.git === "worktree") {
    await git(folder, "commit", "-q", "--allow-empty", "-m", "one");
    await git(folder, "worktree", "add", "-q", `${folder}-tree`);
    folder = `${folder}-tree`;
  }
  for (const [file, text] of Object.entries(project.files)) {
    fs.mkdirSync(dirname(join(folder, file)), { recursive: true });
    fs.writeFileSync(join(folder, file), text);
  }
  if (project.git === "tracked" || project.git === "history") {
    await git(folder, "add", "-A");
    await git(folder, "commit", "-qm", "all of it");
  }
  if (project.git === "history") {
    await git(folder, "rm", "-q", "--cached", ".env");
    await git(folder, "commit", "-qm", "oh");
  }
  return folder;
}

/** Everything that could be committed, as git sees it, and the objects that git has. */
async function committable(folder: string, objects: boolean): Promise<Map<string, Buffer>> {
  const listed = await run(folder, "git", "ls-files", "-z", "-co", "--exclude-standard");
  const files = listed.split("\0").filter((file) => file !== "" && fs.existsSync(join(folder, file)));
  const found = new Map<string, Buffer>(files.map((file) => [file, fs.readFileSync(join(folder, file))]));
  if (objects)
    found.set(
      "git objects",
      (await start(["git", "cat-file", "--batch-all-objects", "--batch"], { cwd: folder, env: place.env })).stdout,
    );
  return found;
}

function forms(value: string): Buffer[] {
  const bytes = Buffer.from(value);
  // of base64 the part that does not depend on what stands around it, at each of the three places
  const base64 = [0, 1, 2].map((skip) => bytes.subarray(skip, skip + Math.floor((bytes.length - skip) / 3) * 3).toString("base64"));
  const texts = [
    value,
    [...value].toReversed().join(""),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    encodeURIComponent(value),
    ...base64,
  ];
  return [
    ...texts.flatMap((text) => [Buffer.from(text), Buffer.from(text.replaceAll("+", "-").replaceAll("/", "_"))]),
    Buffer.from(value, "utf16le"),
  ];
}

function search(contents: Map<string, Buffer>, secrets: readonly string[]): string[] {
  return secrets.flatMap((secret, at) =>
    [...contents].flatMap(([file, bytes]) =>
      forms(secret).some((form) => bytes.includes(form)) ? [`secret ${at} in ${file}`] : [],
    ),
  );
}

async function digests(folder: string, runs: readonly Run[]): Promise<{ names: string; digest: string }[]> {
  const found = [];
  for (const one of runs) {
    const [names = "", digest = ""] = (await run(join(folder, one.folder), process.execPath, reader, one.reads.join(","))).split(
      "\n",
    );
    found.push({ names, digest });
  }
  return found;
}

for (const project of chosen) {
  t.test(project.name, async (t) => {
    const folder = await lay(project);
    const files = Object.keys(project.files).filter(
      (file) => /(^|\/)\.env/.test(file) && !file.endsWith(".example") && !file.endsWith(".envrc"),
    );
    const before = await digests(folder, project.runs);
    const plain = new Map<string, Buffer>(files.map((file) => [file, fs.readFileSync(join(folder, file))]));
    t.same(
      project.secrets.filter((secret) => search(plain, [secret]).length === 0),
      [],
      "the search finds every secret before",
    );
    await run(folder, "zvault", "init", "--key-file", join(place.folder, "k"), "--yes");
    const flags = project.recursive ? ["-r"] : [];
    const report = JSON.parse(await run(folder, "zvault", "import", "--yes", "--no-stub", "--json", ...flags)) as {
      removed: string[];
      failed: unknown[];
      exposed: string[];
    };
    t.same(report.removed.toSorted(), files.toSorted(), "every file is taken away");
    t.same(report.failed, []);

    const seen = project.git === "tracked" || project.git === "history";
    t.same(search(await committable(folder, !seen), project.secrets), [], "nothing secret could be committed");
    t.equal(report.exposed.length > 0, seen, "what git has is marked");
    const status = await run(folder, "git", "status", "--porcelain", "--untracked-files=all");
    for (const file of files) t.match(status, `${file}.zvault`, `${file}.zvault can be committed`);
    t.match(
      await run(folder, "git", "ls-files", "-co", "--exclude-standard"),
      /^\.env\.example$/m,
      "the example is still there for git",
    );

    for (const [at, one] of project.runs.entries()) {
      const { names = "", digest } = before[at] ?? {};
      const after = await run(
        join(folder, one.folder),
        "zvault",
        "run",
        "--no-mask",
        ...one.options,
        "--",
        process.execPath,
        program,
        names,
      );
      t.equal(after.trim(), digest, `the same environment in ${one.folder === "" ? "the project" : one.folder}`);
    }

    for (const one of project.runs)
      await run(join(folder, one.folder), "zvault", "eject", "--yes", "--key-file", join(place.folder, "k"));
    for (const [file, bytes] of plain)
      t.ok(
        fs.existsSync(join(folder, file)) && fs.readFileSync(join(folder, file)).equals(bytes),
        `${file} is back, byte for byte`,
      );
  });
}

t.test("there are forty", async (t) => t.equal(projects.length, 40));
