import t from "tap";
import { ZvaultError, exitCodes, isErrorCode } from "../src/errors.ts";

t.test("the exit code follows from the code", async (t) => {
  t.equal(new ZvaultError("sealed", "the vault is sealed").exitCode, 3);
  t.equal(new ZvaultError("wrong-share", "share 2 has a typing mistake").exitCode, 8);
  t.ok(isErrorCode("forked"));
  t.notOk(isErrorCode("toString"), "inherited names are no codes");
  for (const code of Object.values(exitCodes)) t.ok(code > 0 && code < 256);
});
