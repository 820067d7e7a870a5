/**
 * Builds `dist/zvault`, the single executable, and `dist/npm`, what the npm package runs. `npm run build`; needs the Node of node_modules.
 *
 * The executable is Node with a small CommonJS main (the hot lane, with a V8 code cache) and two chunks as assets: `cli` (oclif and the
 * commands) and `agent` (agent, vault, cryptography). A chunk's code cache is made by the very Node that will run it, with the same flags,
 * after the chunk has done its work once: only then are its functions compiled. Same sources, same Node: same bytes but for the caches.
 */
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build as esbuild, type BuildOptions, type Plugin } from "esbuild";
import { version } from "../src/build.ts";
import { chunks } from "../src/chunks.ts";
import { start } from "../test/helpers/start.ts";

const root = join(import.meta.dirname, "..");
const work = join(root, "dist/build");
const npm = join(root, "dist/npm");
const executable = join(root, "dist/zvault");
/**
 * Without the first, any process of the same user opens the inspector in the agent by a signal. The last gives the young heap 8 MiB from
 * the beginning: with V8's 1 MiB a run collects garbage twice before its program starts.
 */
const execArgv = ["--disable-sigusr1", "--no-warnings", "--v8-pool-size=0", "--min-semi-space-size=8"];
const names = Object.keys(chunks) as (keyof typeof chunks)[];

/** What oclif imports and zvault never comes to use. */
const unused =
  /^(debug|lilconfig|supports-color|ejs|tinyglobby|minimatch|typescript|wsl-utils|(node:)?(perf_hooks|child_process|fs\/promises))$/;
const leaveOut: Plugin = {
  name: "leave-out",
  setup({ onResolve }) {
    const path = join(import.meta.dirname, "absent.cjs");
    onResolve({ filter: unused }, ({ importer }) => (importer.includes("/@oclif/") ? { path } : undefined));
  },
};

async function bundle(entry: string, outfile: string, options: BuildOptions): Promise<void> {
  await esbuild({
    absWorkingDir: root,
    entryPoints: [join("src", entry)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node26",
    legalComments: "none",
    // shorter texts and smaller code caches load faster
    minify: true,
    plugins: [leaveOut],
    // its main file hides its parts from a bundler
    alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
    logLevel: "error",
    ...options,
  });
}

async function bundleAll(build: string, folder: string, options: BuildOptions, ending: string): Promise<void> {
  const define = { ZVAULT_BUILD: JSON.stringify(build) };
  await bundle("main.ts", join(folder, `main.${ending}`), { ...options, define: { ...define, ...options.define } });
  for (const name of names)
    await bundle(chunks[name], join(folder, `${name}.${ending}`), { ...options, define: { ...define, ...options.define } });
}

const commonJs: BuildOptions = {
  format: "cjs",
  // only asked for outside of the executable
  define: { "import.meta.url": '"file:///zvault"', "import.meta.dirname": '"/"', "import.meta.filename": '"/zvault"' },
};

/** oclif is CommonJS: in a module it needs a `require`. */
const esm: BuildOptions = {
  format: "esm",
  banner: { js: 'import { createRequire as zvaultRequire } from "node:module"; const require = zvaultRequire(import.meta.url);' },
};

async function contentHash(): Promise<string> {
  await bundleAll("", work, commonJs, "cjs");
  const hash = createHash("sha256").update(process.version);
  for (const name of ["main", ...names]) hash.update(readFileSync(join(work, `${name}.cjs`)));
  return hash.digest("hex").slice(0, 12);
}

/** Code caches of chunks that have run: in a project with a vault, made by the same build as an npm package would run it. */
async function makeCaches(): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "zvault-build-"));
  const cwd = join(place, "shop");
  const node = async (...argv: string[]): Promise<void> => {
    // away from where the build runs: under an AI tool a vault cannot be made
    const { status, stderr } = await start([process.execPath, ...execArgv, ...argv], { cwd, env: { HOME: place } });
    if (status !== 0) throw new Error(`node ${argv.join(" ")} ended with ${status}: ${stderr.toString()}`);
  };
  const zvault = (...argv: string[]): Promise<void> => node(join(npm, "main.js"), ...argv);
  try {
    mkdirSync(cwd);
    await zvault("init", "--key-file", "../key", "--yes");
    const lines = Array.from({ length: 20 }, (_, at) => `SECRET_KEY_${at}=${randomBytes(16).toString("hex")}\n`);
    writeFileSync(join(cwd, ".env"), lines.join(""));
    await zvault("import", "--yes", "--keep");
    for (const name of names)
      await node(join(import.meta.dirname, "chunk-cache.ts"), join(work, `${name}.cjs`), join(work, `${name}.cache`));
    await zvault("seal");
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function run(args: string[]): void {
  const { status, error } = spawnSync(process.execPath, args, {
    stdio: "inherit",
    cwd: work,
    env: { PATH: dirname(process.execPath), HOME: work },
  });
  if (status !== 0) throw new Error(`node ${args.join(" ")} failed${error === undefined ? "" : `: ${error.message}`}`);
}

rmSync(work, { recursive: true, force: true });
rmSync(npm, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
const build = await contentHash();
await bundleAll(build, work, commonJs, "cjs");
await bundleAll(build, npm, esm, "js");
await makeCaches();
const config = join(work, "sea.json");
writeFileSync(
  config,
  JSON.stringify({
    main: join(work, "main.cjs"),
    mainFormat: "commonjs",
    output: executable,
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: true,
    execArgv,
    execArgvExtension: "none",
    assets: Object.fromEntries(
      names.flatMap((name) => ["cjs", "cache"].map((ending) => [`${name}.${ending}`, join(work, `${name}.${ending}`)])),
    ),
  }),
);
rmSync(executable, { force: true });
run(["--build-sea", config]);
chmodSync(executable, 0o755);
process.stdout.write(`dist/zvault  ${version}+${build}  ${(statSync(executable).size / 1024 / 1024).toFixed(0)} MiB\n`);
