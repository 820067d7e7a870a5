/** The vault an import goes into: the one at hand, unsealed, or a new one for this folder. */
import type { ProjectInfo } from "../../calls/vault.ts";
import type { SecretClass } from "../../calls/kv.ts";
import { ZvaultError } from "../../errors.ts";
import type { Credential } from "../../protocol.ts";
import { note } from "../output.ts";
import { newPassphrase } from "../passphrase.ts";
import { askPassphrase } from "../presence.ts";
import type { Session } from "../session.ts";
import { wipe } from "../credential.ts";

export type Known = { projects: ProjectInfo[]; classes: Map<string, SecretClass> };

/** What the vault knows already; undefined when it is sealed and `ask` is false. Throws `sealed`. */
export async function known(session: Session, ask: boolean): Promise<Known | undefined> {
  try {
    const { projects } = (await session.ask("project.list", {})).result;
    const { secrets } = (await session.ask("kv.list", { prefix: "env/" })).result;
    return { projects, classes: new Map(secrets.map((one) => [one.path, one.class])) };
  } catch (error) {
    if (!(error instanceof ZvaultError) || error.code !== "sealed") throw error;
    if (!ask) return undefined;
    await unseal(session, error);
    return known(session, false);
  }
}

async function unseal(session: Session, sealed: ZvaultError): Promise<void> {
  const credential = await askPassphrase("zvault: sealed. Passphrase: ").catch((error: unknown) => {
    throw error instanceof ZvaultError && error.code === "would-ask" ? sealed : error;
  });
  try {
    await session.ask("agent.unseal", {}, { credential });
  } finally {
    wipe(credential);
  }
}

/** A vault in `folder`, opened by the one passphrase of this computer. */
export async function makeVault(session: Session, folder: string): Promise<string> {
  const { exists, open } = (await session.ask("identity.show", {}, { vault: false })).result;
  note(
    exists
      ? "no vault yet: a new one is opened by your passphrase"
      : "no vault yet. One passphrase on this computer opens all your projects",
  );
  const credential = await ownCredential(exists, open);
  try {
    const { result } = await session.ask("vault.init", { dir: folder, slot: "identity" }, { vault: false, credential });
    session.forget();
    return result.id;
  } finally {
    wipe(credential);
  }
}

async function ownCredential(exists: boolean, open: boolean): Promise<Credential | undefined> {
  try {
    if (!exists) return await newPassphrase(undefined);
    return open ? undefined : await askPassphrase("Your passphrase: ");
  } catch (error) {
    if (!(error instanceof ZvaultError) || error.code !== "would-ask") throw error;
    throw new ZvaultError("no-vault", "there is no vault here, and no terminal to ask for a passphrase", {
      hint: "zvault init --key-file FILE --yes   makes one without",
    });
  }
}
