/** `npm run bench`: the figures of README and designs. n = `node -e 0` of the same Node, in the same interleaved run. */
import "../test/helpers/detached.ts";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { agentFigures } from "./agent.ts";
import { interleaved, median, ratio, report, timeOnce } from "./measure.ts";
import { transitFigures } from "./transit.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const zvault = join(root, "dist/zvault");
const node = process.execPath;
/** behind the `--detached` that detached.ts puts first */
const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 30);

if (!fs.existsSync(zvault)) execFileSync("npm", ["run", "build"], { cwd: root, stdio: "inherit" });
console.log(
  `${os.cpus()[0]?.model ?? "?"}, ${os.cpus().length} cores, Linux ${os.release()}, Node ${process.version}, ${rounds} rounds\n`,
);

type Place = { base: string; cwd: string; env: Record<string, string>; run(...argv: string[]): void };

function makePlace(parent: string): Place {
  const base = fs.mkdtempSync(join(parent, "zvb-"));
  const cwd = join(base, "shop");
  fs.mkdirSync(cwd);
  const env = { HOME: base, PATH: "/usr/bin:/bin" };
  const run = (...argv: string[]): void => void timeOnce({ argv: [zvault, ...argv], cwd, env });
  run("init", "--key-file", "../k.key", "--yes");
  return { base, cwd, env, run };
}

const hex = (at: number): string => createHash("sha256").update(`value number ${at}`).digest("hex");

function writeEnv(place: Place, count: number): void {
  fs.writeFileSync(join(place.cwd, ".env"), Array.from({ length: count }, (_, at) => `SECRET_KEY_${at}=${hex(at)}\n`).join(""));
}

function end(place: Place): void {
  place.run("seal");
  fs.rmSync(place.base, { recursive: true, force: true });
}

function starts(parent: string, where: string): void {
  const place = makePlace(parent);
  writeEnv(place, 20);
  place.run("import", "--yes");
  const { cwd, env } = place;
  const took = interleaved(
    {
      n: { argv: [node, "-e", "0"], cwd, env },
      run: { argv: [zvault, "run", "--no-mask", "--", "true"], cwd, env },
      masked: { argv: [zvault, "run", "--", "true"], cwd, env },
      version: { argv: [zvault, "version"], cwd, env },
      ls: { argv: [zvault, "ls"], cwd, env },
      status: { argv: [zvault, "status"], cwd, env },
    },
    rounds,
  );
  const n = took["n"] ?? NaN;
  report(`node -e 0 (${where})`, `${n.toFixed(1)} ms`, "");
  report(`zvault run --no-mask -- true, 20 references (${where})`, ratio(took["run"] ?? NaN, n), "≤ 1.35 n");
  report(`zvault run -- true, masked (${where})`, ratio(took["masked"] ?? NaN, n), "");
  for (const name of ["version", "ls", "status"]) report(`zvault ${name} (${where})`, ratio(took[name] ?? NaN, n), "≤ 1.8 n");
  end(place);
}

function importing(): void {
  const place = makePlace(os.tmpdir());
  const { cwd, env } = place;
  const took = interleaved(
    {
      n: { argv: [node, "-e", "0"], cwd, env },
      import: {
        argv: [zvault, "import", "--yes", "--quiet"],
        cwd,
        env,
        before() {
          place.run("seal");
          fs.rmSync(place.base, { recursive: true, force: true });
          fs.mkdirSync(cwd, { recursive: true });
          place.run("init", "--key-file", "../k.key", "--yes");
          writeEnv(place, 10_000);
        },
      },
    },
    9,
  );
  report("zvault import of 10,000 variables", ratio(took["import"] ?? NaN, took["n"] ?? NaN), "≤ 30 n");
  end(place);
}

/** A monorepo of 200 packages, each with a .env, a package.json and a script that reads it; the plan only. */
function planning(): void {
  const place = makePlace(os.tmpdir());
  const { cwd, env } = place;
  for (let at = 0; at < 200; at++) {
    const folder = join(cwd, at % 2 === 0 ? "apps" : "packages", `part-${at}`);
    fs.mkdirSync(join(folder, "src/deep/er"), { recursive: true });
    fs.writeFileSync(
      join(folder, ".env"),
      `PORT=${3000 + at}\nAPI_SECRET=${hex(at)}\nDATABASE_URL=postgres://app:${hex(at).slice(0, 20)}@db/app\n`,
    );
    fs.writeFileSync(join(folder, "package.json"), JSON.stringify({ name: `@mono/part-${at}`, scripts: { dev: "next dev" } }));
    fs.writeFileSync(join(folder, "src/deep/er/index.js"), "// nothing\n");
  }
  fs.writeFileSync(join(cwd, ".gitignore"), "node_modules\n.env\n");
  execFileSync("git", ["init", "-q"], { cwd, env });
  const took = interleaved(
    { n: { argv: [node, "-e", "0"], cwd, env }, plan: { argv: [zvault, "import", "-r", "--dry-run"], cwd, env } },
    Math.min(rounds, 10),
  );
  report("zvault import -r --dry-run, 200 packages", ratio(took["plan"] ?? NaN, took["n"] ?? NaN), "≤ 10 n");
  end(place);
}

/** Bytes per second through the mask, as a part of what a plain pipe in the same Node carries. */
function masking(): void {
  const place = makePlace(os.tmpdir());
  writeEnv(place, 50);
  place.run("import", "--yes");
  const { cwd, env } = place;
  const text = join(place.base, "log.txt");
  const line = "2026-11-24T04:00:00.000Z info GET /products/42 200 12ms user=anna agent=Mozilla/5.0\n";
  fs.writeFileSync(text, line.repeat(Math.ceil((256 * 1024 * 1024) / line.length)));
  const plain = `${node} -e 'process.stdin.pipe(process.stdout)'`;
  const all: Record<string, number[]> = { plain: [], mask: [], start: [] };
  for (let round = 0; round < 5; round++) {
    const shell = (script: string): number => {
      const started = performance.now();
      const done = spawnSync("/bin/sh", ["-c", script], { cwd, env, stdio: "ignore" });
      if (done.status !== 0) throw new Error(script);
      return performance.now() - started;
    };
    all["start"]?.push(shell(`${zvault} run -- true | cat`));
    all["plain"]?.push(shell(`cat ${text} | ${plain} | cat`));
    all["mask"]?.push(shell(`${zvault} run -- cat ${text} | cat`));
  }
  const [n, masked] = [median(all["plain"] ?? []), median(all["mask"] ?? [])];
  report("256 MiB through the mask, 50 values, of a plain pipe", `${(n / masked).toFixed(2)} ×`, "≥ 0.6 ×");
  end(place);
}

function agentMemory(): void {
  const place = makePlace(os.tmpdir());
  const { cwd, env } = place;
  place.run("unseal", "--key-file", "../k.key");
  const status = JSON.parse(execFileSync(zvault, ["status", "--json"], { cwd, env }).toString()) as { agent: { pid: number } };
  const memory = /VmRSS:\s+(\d+)[\s\S]*RssAnon:\s+(\d+)/.exec(fs.readFileSync(`/proc/${status.agent.pid}/status`, "utf8"));
  report(
    "agent: RSS, of it anonymous",
    `${Math.round(Number(memory?.[1]) / 1024)}, ${Math.round(Number(memory?.[2]) / 1024)} MiB`,
    "",
  );
  end(place);
}

report("size of dist/zvault", `${Math.round(fs.statSync(zvault).size / 1024 / 1024)} MiB`, "");
starts(os.tmpdir(), "disk");
if (fs.existsSync("/dev/shm")) starts("/dev/shm", "tmpfs");
agentMemory();
importing();
planning();
masking();
await agentFigures(zvault);
await transitFigures(rounds);
