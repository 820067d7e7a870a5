/** The vault that the samples are asked about, on a disk in memory that is copied for each of them. */
import { askMemory, memoryWorld } from "../crash/history.ts";
import { crash, MemoryIo } from "../crash/memory-io.ts";
import { work } from "./live.ts";
import { made, secondKey, transitCiphertext } from "./samples.ts";
import { bytes, keyFile, openDoor } from "./vault.ts";

/** A vault as the samples want it, sealed; later disks are copies of it. `prefix`: of all values. */
export async function sampleDisk(key: Uint8Array, prefix = ""): Promise<MemoryIo> {
  const credential = { credential: keyFile(key) };
  const io = new MemoryIo();
  io.makeFolder(memoryWorld.project);
  const { door } = openDoor(memoryWorld, io, { work });
  await askMemory(io, door, "vault.init", { dir: memoryWorld.project, slot: "key-file" }, credential);
  const values = ["A one", "A two", "B two", "C three", "D four"].map((one) => one.split(" ") as [string, string]);
  for (const [name, value] of values)
    await askMemory(io, door, "kv.put", { path: `env/shop/${name}` }, { body: [bytes(prefix + value)] });
  await askMemory(io, door, "kv.delete", { path: "env/shop/D" });
  await askMemory(io, door, "kv.import", { project: "shop", folder: ".", bind: true, entries: [], layouts: [] }, credential);
  await askMemory(io, door, "access.add", { kind: "key-file", label: "second" }, { body: [secondKey], ...credential });
  for (const [name, type] of [
    ["box", "aes256-gcm96"],
    ["pen", "ed25519"],
    ["mac", "hmac"],
  ] as const)
    await askMemory(io, door, "transit.create", { name, type }, credential);
  await askMemory(io, door, "transit.rotate", { name: "box" }, credential);
  await askMemory(io, door, "transit.config", { name: "box", minDecrypt: 2, deletable: true }, credential);
  const { body } = await askMemory(io, door, "transit.encrypt", { name: "box" }, { body: [bytes(`${prefix}a value`)] });
  transitCiphertext.splice(0, 1, bytes(body[0] ?? ""));
  await askMemory(io, door, "policy.write", { name: "old", text: 'path "env/*" { capabilities = ["list"] }' }, credential);
  made.accessor = (await askMemory(io, door, "token.create", { policies: ["local"], ttl: 500 }, credential)).result.accessor;
  const role = { role: "ci", policies: ["local"], secretIdUses: 2 };
  made.roleId = (await askMemory(io, door, "approle.write", role, credential)).result.roleId;
  const secretId = await askMemory(io, door, "approle.secret-id", { role: "ci" }, credential);
  made.secretAccessor = secretId.result.accessor;
  made.secretId = bytes(secretId.body[0] ?? "");
  await door.seal("ready");
  return io;
}

/** The disk as another process finds it that comes after; nothing is lost. */
export function copyOf(io: MemoryIo): MemoryIo {
  const copy = crash(io.steps, io.steps.length, { data: "all", names: "all", random: () => 0 });
  // a copy can be copied again
  copy.steps.push(...io.steps);
  copy.nextNode = Math.max(...copy.nodes.keys()) + 1;
  return copy;
}

/** The steps by which a computer no longer knows its vaults. */
export function forgotten(io: MemoryIo): MemoryIo["steps"] {
  const before = io.steps.length;
  io.remove(`${memoryWorld.places.state}/known`);
  return io.steps.splice(before);
}
