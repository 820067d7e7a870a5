import t from "tap";
import { sleepMeter, steadyClock } from "../../src/agent/clock.ts";

t.test("the agent's time goes on when the clock is set back, and follows when it is set forward", async (t) => {
  let now = 1_000_000;
  let up = 50;
  const clock = steadyClock(
    () => now,
    () => up,
  );
  const pass = (seconds: number): void => {
    now += seconds * 1000;
    up += seconds;
  };
  t.equal(clock().getTime(), 1_000_000);
  pass(10);
  t.equal(clock().getTime(), 1_010_000);
  now -= 3_600_000;
  t.equal(clock().getTime(), 1_010_000);
  pass(5);
  t.equal(clock().getTime(), 1_015_000, "an hour back is no hour won");
  now = 9_000_000;
  t.equal(clock().getTime(), 9_000_000);
  now = 1_020_000;
  t.equal(clock().getTime(), 9_000_000, "it never runs backwards");
});

t.test("a suspend is what uptime counts and the process does not", async (t) => {
  let up = 100;
  let awake = 1;
  const slept = sleepMeter(
    () => up,
    () => awake,
  );
  up += 5;
  awake += 5;
  t.equal(slept(), 0);
  up += 3605;
  awake += 5;
  t.equal(slept(), 3600);
  t.equal(slept(), 0);
});
