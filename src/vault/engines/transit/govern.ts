/** What governs transit keys: made, configured, rotated, trimmed, deleted; and what is told of them. Never a key's bytes. */
import type { Calls } from "../../../calls.ts";
import { ZvaultError } from "../../../errors.ts";
import { limits } from "../../../verbs.ts";
import type { Receipt } from "../../audit.ts";
import type { Vault } from "../../vault.ts";
import { cipherOf } from "./cipher.ts";
import { describeKey, destroyVersion, keyAt, keyNames, lastOf, setKey, type TransitKey } from "./key.ts";
import { addVersion } from "./uses.ts";

type Info = Calls["transit.read"]["result"];

const told = (vault: Vault, name: string): Info => describeKey(name, keyAt(vault, name));

export const govern = {
  list(vault: Vault, _receipt: Receipt): Calls["transit.list"]["result"] {
    return { keys: keyNames(vault).map((name) => told(vault, name)) };
  },

  read(vault: Vault, _receipt: Receipt, args: Calls["transit.read"]["args"]): Info {
    return told(vault, args.name);
  },

  create(vault: Vault, receipt: Receipt, args: Calls["transit.create"]["args"]): Info {
    const { name, type, derived = false } = args;
    const names = keyNames(vault);
    if (names.includes(name))
      throw new ZvaultError("changed", `there is a transit key ${name} already`, {
        hint: `zvault transit rotate ${name}`,
        names: [name],
      });
    if (names.length >= limits.transitKeys)
      throw new ZvaultError("too-large", `there are ${limits.transitKeys} transit keys already`, { hint: "zvault transit delete" });
    if (derived && !cipherOf(type)) throw new ZvaultError("usage", `a key of type ${type} cannot be derived`);
    const created = vault.now().toISOString();
    const none: TransitKey = { type, derived, deletable: false, created, minDecrypt: 1, minEncrypt: 0, versions: [] };
    addVersion(vault, receipt, name, none);
    return told(vault, name);
  },

  rotate(vault: Vault, receipt: Receipt, args: Calls["transit.rotate"]["args"]): Info {
    addVersion(vault, receipt, args.name, keyAt(vault, args.name));
    return told(vault, args.name);
  },

  config(vault: Vault, receipt: Receipt, args: Calls["transit.config"]["args"]): Info {
    const { name, ...wanted } = args;
    const key: TransitKey = { ...keyAt(vault, name), ...wanted };
    const [first, latest] = [key.versions[0]?.version ?? 1, lastOf(key).version];
    if (key.minDecrypt < first || key.minDecrypt > latest)
      throw new ZvaultError("usage", `the minimum to decrypt of ${name} is one of its versions, ${first} to ${latest}`);
    if (key.minEncrypt !== 0 && (key.minEncrypt < key.minDecrypt || key.minEncrypt > latest))
      throw new ZvaultError("usage", `the minimum to encrypt of ${name} is 0, or from ${key.minDecrypt} to ${latest}`);
    vault.append(receipt, [setKey(name, key)], []);
    return told(vault, name);
  },

  /** Versions before `before` go for good: only what nobody may decrypt with any more. */
  trim(vault: Vault, receipt: Receipt, args: Calls["transit.trim"]["args"]): Info {
    const { name, before } = args;
    const key = keyAt(vault, name);
    if (before > key.minDecrypt) {
      throw new ZvaultError("denied", `${name} still decrypts with versions from ${key.minDecrypt} on`, {
        hint: `zvault transit config ${name} --min-decrypt ${before}   first`,
        names: [name],
      });
    }
    const gone = key.versions.filter((one) => one.version < before);
    const versions = key.versions.filter((one) => one.version >= before);
    const ops = gone.map((one) => destroyVersion(name, one));
    if (gone.length > 0) vault.append(receipt, [...ops, setKey(name, { ...key, versions })], []);
    return told(vault, name);
  },

  delete(vault: Vault, receipt: Receipt, args: Calls["transit.delete"]["args"]): Calls["transit.delete"]["result"] {
    const { name } = args;
    const key = keyAt(vault, name);
    if (!key.deletable) {
      throw new ZvaultError("denied", `${name} may not be deleted: everything it encrypted would be lost`, {
        hint: `zvault transit config ${name} --deletable   first, if you mean it`,
        names: [name],
      });
    }
    vault.append(receipt, [...key.versions.map((one) => destroyVersion(name, one)), setKey(name, null)], []);
    return { versions: key.versions.length };
  },
};
