/**
 * The agent's time. `Date` that never runs backwards and does not stop in a suspend: a clock that is set back must not lengthen the
 * life of open keys, one that is set forward may shorten it.
 */
import { uptime } from "node:os";

export function steadyClock(now: () => number = Date.now, up: () => number = uptime): () => Date {
  const offset = now() - up() * 1000;
  let last = 0;
  return () => {
    last = Math.max(last, now(), Math.floor(offset + up() * 1000));
    return new Date(last);
  };
}

/** Seconds this machine slept since the last call. `os.uptime` counts them, `performance.now` does not. */
export function sleepMeter(up: () => number = uptime, awake: () => number = () => performance.now() / 1000): () => number {
  let before = up() - awake();
  return () => {
    const now = up() - awake();
    const slept = now - before;
    before = now;
    return slept;
  };
}
