/** All that is in a vault, by way of its own reader: every version, every field. */
import { Holdings } from "../../src/vault/holdings.ts";
import { diskIo, type Io } from "../../src/vault/io.ts";
import { perform } from "../../src/vault/keywork.ts";
import type { OpenOptions } from "../../src/vault/open.ts";
import type { Vault } from "../../src/vault/vault.ts";
import { cheapKdf, keyFile, refOf, type World } from "./vault.ts";

/** Values in base64. */
export type Content = Record<
  string,
  { class: string; versions: { number: number; state: string; fields: Record<string, string> }[] }
>;

/** Opens without a door, for `act`. Throws what opening throws. */
export async function withVault<T>(
  world: World,
  key: Uint8Array,
  act: (vault: Vault) => Promise<T> | T,
  choices: Partial<OpenOptions> = {},
  io: Io = diskIo,
  id = refOf(world.dir).id,
): Promise<T> {
  const holdings = new Holdings({
    io,
    work: (job) => perform(job, cheapKdf),
    places: world.places,
    clock: () => new Date(),
    uptime: () => 0,
    sleep: async () => undefined,
  });
  const vault = await holdings.openFolder(id, world.dir, { credential: keyFile(key) }, choices);
  try {
    return await act(vault);
  } finally {
    await vault.seal("looked");
  }
}

export function contentOf(vault: Vault): Content {
  const content: Content = {};
  for (const secret of vault.state.secrets.values()) {
    const versions = secret.versions.map(({ number, state, fields }) => {
      const values = Array.from(fields, ([name, ref]): [string, string] => {
        const value = vault.barrier.read(ref);
        const text = value.use((raw) => Buffer.from(raw).toString("base64"));
        value.wipe();
        return [name, text];
      });
      return { number, state, fields: Object.fromEntries(values) };
    });
    content[secret.path] = { class: secret.class, versions };
  }
  return content;
}

export function readContent(world: World, key: Uint8Array): Promise<Content> {
  return withVault(world, key, contentOf);
}
