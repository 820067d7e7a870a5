import t from "tap";
import { laneOf } from "../../src/run/lane.ts";

t.test("the lane follows from verdict, terminals and --no-mask", async (t) => {
  const both = { stdout: true, stderr: true };
  const none = { stdout: false, stderr: false };
  const one = { stdout: true, stderr: false };
  t.equal(laneOf("plain", both, true), "exec");
  t.equal(laneOf("plain", none, true), "pipes");
  t.equal(laneOf("plain", one, true), "pipes");
  for (const verdict of ["ambiguous", "sign"] as const) {
    t.equal(laneOf(verdict, both, true), "pty", verdict);
    t.equal(laneOf(verdict, one, true), "pty", verdict);
    t.equal(laneOf(verdict, none, true), "pipes", verdict);
    t.equal(laneOf(verdict, { stdout: false, stderr: true }, true), "pty", verdict);
  }
  for (const at of [both, one, none]) t.equal(laneOf("ambiguous", at, false), "exec");
});
