import t from "tap";
import { find, type History, live, type Milestone } from "./history.ts";
import { share, slow } from "../helpers/slow.ts";
import { crash, type Loss } from "./memory-io.ts";

/** How many are played in the whole version; every further round has other losses. */
const wanted = Number(process.env["ZVAULT_TEST_STATES"] ?? 30_000);

/** xorshift32: a failure names its seed, and can be played again. */
function randomOf(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const losses = ["none", "all", "some"] as const;

/** Why the disk after a crash is not as it must be; undefined: it is. */
async function problemAt(history: History, count: number, loss: Loss): Promise<string | undefined> {
  const last = history.milestones.findLastIndex((one) => one.step <= count);
  const before = history.milestones[last];
  const after: Milestone | undefined = history.milestones[last + 1];
  const disk = crash(history.io.steps, count, loss);
  // any key that may open it; what it opens must then be one of the two states, whole
  const keys = [...(after?.keys ?? []), ...(before?.keys ?? [])];
  const found = await find(disk, keys);
  if (found.code === "no-vault") return before?.content === undefined ? undefined : "the vault is gone";
  if (found.code !== undefined) return before?.content === undefined && after === undefined ? undefined : `refused: ${found.code}`;
  const text = JSON.stringify(sorted(found.content ?? {}));
  const states = [before?.content, after?.content].filter((one) => one !== undefined).map((one) => JSON.stringify(sorted(one)));
  // a new vault that was not acknowledged yet may be there, empty
  if (states.includes(text) || (before?.content === undefined && text === "{}")) return undefined;
  return `found ${text}, expected ${states.join(" or ")}`;
}

function sorted(content: Record<string, string>): [string, string][] {
  return Object.entries(content).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

t.test("whatever a crash loses, what was acknowledged is there, whole and readable", { timeout: 3_600_000 }, async (t) => {
  const history = await live();
  const { from, to } = share(slow ? Math.ceil(wanted / history.end / losses.length ** 2) : 1);
  let states = 0;
  const problems: string[] = [];
  for (let round = from; round < to; round++) {
    for (let count = 1; count <= history.end; count++) {
      const all = losses.flatMap((data) => losses.map((names) => ({ data, names })));
      // the quick version takes one of the nine kinds of loss at each step
      const chosen = slow ? all : all.filter((_, at) => at === (count * 7) % all.length);
      for (const { data, names } of chosen) {
        const seed = count * 1000 + round * 10 + all.findIndex((one) => one.data === data && one.names === names);
        const problem = await problemAt(history, count, { data, names, random: randomOf(seed) });
        states += 1;
        if (problem !== undefined)
          problems.push(
            `after step ${count} (${history.io.steps[count - 1]?.do}), data ${data}, names ${names}, seed ${seed}: ${problem}`,
          );
      }
    }
  }
  t.same(problems.slice(0, 5), []);
  t.comment(`${states} states after a crash, ${problems.length} wrong`);
  t.ok(states >= (slow ? (to - from) * history.end * losses.length ** 2 : 150), `${states} states`);
});

for (const [name, skip] of [
  ["fdatasync of log and audit", { datasync: true }],
  ["fsync of folders", { folder: true }],
  ["fsync of new files", { file: true }],
] as const) {
  t.test(`a disk without ${name} is found out`, async (t) => {
    const history = await live(skip);
    for (let count = 1; count <= history.end; count++) {
      for (const [data, names] of [
        ["none", "none"],
        ["none", "all"],
        ["all", "none"],
      ] as const) {
        const problem = await problemAt(history, count, { data, names, random: randomOf(count) });
        if (problem !== undefined) return t.pass(problem.slice(0, 80));
      }
    }
    t.fail("no state was wrong");
  });
}
