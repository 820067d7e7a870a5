/**
 * Bad input, all of it: one row a case, against the real program. The tables are in bad-input/; `npm test` plays those marked quick, and
 * `npm run test:slow` all of them. classes.test.ts goes by classes, against the gate and the parsers. Shown elsewhere, with the real program
 * or the real files, and not repeated here:
 *
 *   no vault, for each command                                            test/cli/no-vault.txt
 *   sealed; a key file that is cut, readable by others, a link, foreign   test/cli/sealed.txt
 *   too few, duplicate, mistyped shares, shares of an earlier set         test/cli/shares.txt
 *   a wrong passphrase, a copied vault, a vault that came with a folder   test/cli/identity.txt
 *   vault gone (git clean), restored from the mirror and from a backup    test/cli/operator.txt
 *   another project's reference, NODE_OPTIONS in a committed file, clone  test/cli/project.txt
 *   wrong options, values as arguments, a full disk behind stdout         test/cli/usage.txt
 *   no terminal; Ctrl-C, Ctrl-D and an empty answer at a prompt           test/cli/terminal.test.ts, test/run/prompt.test.ts
 *   a .zvault, .git file, worktree that is forged                         test/locate.test.ts
 *   a repository whose configuration runs programs                        test/hostile/git.test.ts
 *   env files of others, in a parent of another owner, large ones         test/run/files.test.ts
 *   cut, flipped, spliced, swapped, rolled back, forked, old keys         test/vault/damage.test.ts, test/vault/golden.test.ts
 *   full and read-only disk, EIO, EMFILE, short writes, at every call     test/vault/faults.test.ts
 *   clock set back, time-outs, suspend                                    test/vault/standing.test.ts, test/agent/clock.test.ts
 *   bad frames, other users on either side of the socket                  test/hostile/peers.test.ts
 *   names with control, bidi and zero-width characters on the terminal    test/cli/output.test.ts
 *   NUL in values, circles, variables that are too large, AI tools        test/run/plan.test.ts, test/run/run.test.ts
 *   stdin and stdout closed, a reader that has enough, pid 1              test/run/lanes.test.ts
 */
import t from "tap";
import { type Row, playRows } from "./bad-input/driver.ts";
import { folder } from "./bad-input/folder.ts";
import { inPlace } from "./bad-input/in-place.ts";
import { machine } from "./bad-input/machine.ts";
import { names } from "./bad-input/names.ts";
import { policy } from "./bad-input/policy.ts";
import { vault } from "./bad-input/vault.ts";

const families: Record<string, Row[]> = { inPlace, vault, machine, names, policy, folder };

t.jobs = 2;
t.setTimeout(3_600_000);
for (const [family, rows] of Object.entries(families)) {
  t.test(family, { buffered: true, timeout: 3_600_000 }, (t) => playRows(t, rows)).catch(() => {});
}
