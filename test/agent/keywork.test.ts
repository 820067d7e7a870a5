import { fileURLToPath } from "node:url";
import t from "tap";
import { keyWorkProcess } from "../../src/agent/keywork-process.ts";
import { Secret } from "../../src/crypto/secret.ts";
import { fromHex } from "../../src/crypto/hash.ts";
import { makeKeyFile, parseKeyFile } from "../../src/key-file.ts";
import { ask } from "../../src/vault/keywork.ts";

const driver = fileURLToPath(new URL("driver.ts", import.meta.url));
/** through `env -i`: tap adds NODE_OPTIONS to whatever node spawns */
const helper = {
  file: "/usr/bin/env",
  args: ["-i", process.execPath, "--disable-sigusr1", "--no-warnings", driver, "{}", "--keywork"],
};
const shell = (script: string) => keyWorkProcess({ file: "/bin/sh", args: ["-c", script] });

t.test("a root key is wrapped and unwrapped in a process of its own", async (t) => {
  const work = keyWorkProcess(helper);
  const root = Secret.random(32);
  const file = makeKeyFile();
  const vault = "ab".repeat(16);
  const slots = [{ kind: "key-file" as const, label: "k" }];
  const made = await ask(work, { do: "wrap", vault, slots, now: new Date(0).toISOString() }, [root, file]);
  const slot = made.parts[0]?.use((bytes) => Buffer.from(bytes).toString("hex")) ?? "";
  const { parts } = await ask(work, { do: "unwrap", vault, slots: [slot], with: "key-file" }, [file]);
  t.ok(parts[0]?.use((one) => root.use((other) => Buffer.compare(one, other) === 0)));
  await t.rejects(ask(work, { do: "unwrap", vault, slots: [slot], with: "key-file" }, [makeKeyFile()]), { code: "wrong-key" });
  t.equal(parseKeyFile(file).length, 32);
  t.ok(fromHex(slot).length > 80);
});

t.test("a helper that dies, says nothing, or too much, is an error and leaves no descriptor", async (t) => {
  const { readdirSync } = await import("node:fs");
  const open = (): number => readdirSync("/proc/self/fd").length;
  const job = Secret.random(500_000);
  await t.rejects(shell("exit 3")(job), { code: "internal", message: /exit code 3/ });
  const before = open();
  await t.rejects(shell("exit 3")(job), { code: "internal", message: /exit code 3/ });
  await t.rejects(shell("cat >/dev/null")(job), { code: "internal", message: /nothing written/ });
  await t.rejects(shell("kill -9 $$")(job), { code: "internal", message: /SIGKILL/ });
  await t.rejects(shell("cat >/dev/null; exec head -c 3000000 /dev/zero")(job), { code: "protocol" });
  await t.rejects(keyWorkProcess({ file: "/nowhere/zvault", args: [] })(job), { code: "internal", message: /ENOENT/ });
  t.equal(open(), before);
});

t.test("job and result pass unchanged, whatever their size", async (t) => {
  for (const length of [1, 65_535, 65_536, 65_537, 1024 * 1024]) {
    const job = Secret.random(length);
    const back = await shell("exec cat")(job);
    t.ok(
      back.use((one) => job.use((other) => Buffer.compare(one, other) === 0)),
      `${length} bytes`,
    );
    back.wipe();
    job.wipe();
  }
});
