/** The values of a run, asked of the agent: what `run` calls a Resolver, made of the client. Loaded in the hot lane. */
import { Client, connect } from "./client.ts";
import type { Connection } from "./connection.ts";
import { dialDirect, dialNow } from "./direct-link.ts";
import { ZvaultError } from "./errors.ts";
import { folderFor } from "./folder.ts";
import { homeOf, locateVault, placesOf, type Located } from "./locate.ts";
import type { Credential, VaultRef } from "./protocol.ts";
import type { Meanwhile, ResolveRequest, Resolver } from "./run/resolver.ts";

const tries = 3;

export function makeResolver(env: NodeJS.ProcessEnv, cwd: string): Required<Resolver> & { close(): void } {
  const places = placesOf(env);
  const options = { places, start: true, dial: dialDirect };
  let client: Client | undefined;
  let found: Located | undefined;

  let early: Connection | undefined;
  let unattended = false;

  async function connected(): Promise<Client> {
    client ??= early ? new Client(options, early) : await connect(options);
    return client;
  }

  function locate({ vaultDir, headVault }: ResolveRequest): Located {
    const home = homeOf(env);
    const located = locateVault({
      cwd,
      places,
      ...(vaultDir === undefined || vaultDir === "" ? {} : { dir: vaultDir }),
      ...(headVault === undefined ? {} : { headId: headVault }),
      ...(home === "" ? {} : { home }),
    });
    if (located) return located;
    throw new ZvaultError("no-vault", "there is no vault here, and these have no value in the environment", {
      hint: "zvault fill asks for the values, zvault import .env takes them from a file; a run needs no vault where all are set",
    });
  }

  /** What the request opens the vault by. The agent has looked at us before, so that nobody else sees it in here. */
  async function credentialOf({ keyFile }: ResolveRequest, meanwhile: Meanwhile): Promise<{ credential?: Credential }> {
    if (keyFile === undefined) return {};
    await (await connected()).ask("agent.status", {}, { meanwhile: { begun: () => meanwhile.begun() } });
    // not loaded in the plain lane
    const { readKeyFile } = await import("./secret-file.ts");
    return { credential: readKeyFile(keyFile) };
  }

  return {
    begin() {
      try {
        early = dialNow(places.runtime);
      } catch {
        // who needs the connection makes it again, and says what is wrong
      }
    },

    async resolve(request, meanwhile) {
      found = locate(request);
      const { refs, dangerous, starts } = request;
      const args = {
        folder: folderFor(found, request.folder),
        refs,
        ...(dangerous.length === 0 ? {} : { dangerous }),
        ...(starts === undefined ? {} : { starts }),
      };
      const given = await credentialOf(request, meanwhile);
      unattended = request.keyFile !== undefined;
      const asked = { vault: refOf(found), meanwhile, ...given };
      const { result, body, release } = await (
        await connected()
      )
        .ask("kv.resolve", args, asked)
        .finally(() => given.credential?.parts.forEach((part) => part.fill(0)));
      const values = result.values.map((value, at) => ({ ...value, bytes: body[at] ?? new Uint8Array() }));
      const { caller, notices = [] } = result;
      return { values, caller, notices, release };
    },

    async unseal(meanwhile) {
      if (!found) return;
      const vault = refOf(found);
      const agent = await connected();
      const { verdict, tool = "unknown" } = (await agent.ask("agent.status", {}, { meanwhile })).result.caller;
      if (verdict === "sign") throw new ZvaultError("ai-tool", "only a person can unseal", { names: [tool] });
      if (unattended) throw new ZvaultError("would-ask", "a run with a key file asks nobody");
      const { known, slots } = (await agent.ask("vault.status", {}, { vault })).result;
      // nobody is asked for a passphrase for somebody else's file
      const byPassphrase = slots.some((slot) => slot.kind === "identity" || slot.kind === "passphrase");
      if (!known || !byPassphrase) throw new ZvaultError("would-ask", "no passphrase opens this vault");
      // not loaded where nobody is asked
      const { promptHidden } = await import("./run/prompt.ts");
      for (let left = tries; ; left--) {
        const bytes = await promptHidden(left === tries ? "zvault: sealed. Passphrase: " : "zvault: wrong. Passphrase: ");
        try {
          await agent.ask("agent.unseal", {}, { vault, credential: { kind: "passphrase", parts: [bytes] } });
          return;
        } catch (error) {
          if (!(error instanceof ZvaultError) || error.code !== "wrong-passphrase" || left === 1) throw error;
        } finally {
          bytes.fill(0);
        }
      }
    },

    async versions(request, seen) {
      const where = locate(request);
      const args = { folder: folderFor(where, request.folder), refs: request.refs, ...(seen ? { seen } : {}) };
      // in the event loop: the program's signals and its end are heard meanwhile
      const watcher = await connect({ places, start: false });
      try {
        return (await watcher.ask("kv.watch", args, { vault: refOf(where) })).result.versions;
      } finally {
        watcher.close();
      }
    },

    close() {
      (client ?? early)?.close();
    },
  };
}

function refOf({ id, dir, dev, ino }: Located): VaultRef {
  return { id, dir, dev, ino };
}
