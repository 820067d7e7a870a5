/** Where rows of bad input are played: a vault by key file behind a door in this process, whose clock the rows may set. */
import type { Calls } from "../../../src/calls.ts";
import { makeKeyFile } from "../../../src/key-file.ts";
import type { Caller, Credential } from "../../../src/protocol.ts";
import type { VerbName } from "../../../src/verbs.ts";
import { ask, bytes, keyFile, makeWorld, openDoor, type Opened, removeWorld, type World } from "../../helpers/vault.ts";

/** What a row is given, by its class; what comes of it: "done", the code of a refusal, or what the class says. */
export type Player = (input: never, place: Place) => Promise<string>;

export type More = { body?: readonly (Uint8Array | string)[]; caller?: Caller; credential?: Credential };

export class Place {
  readonly world: World = makeWorld();
  readonly key: Uint8Array = makeKeyFile();
  readonly opened: Opened;
  /** ms since 1970; undefined: this computer's time */
  time: number | undefined;

  constructor() {
    this.opened = openDoor(this.world, undefined, { clock: () => new Date(this.time ?? Date.now()) });
  }

  async make(): Promise<this> {
    await this.ask("vault.init", { dir: this.world.project, slot: "key-file" });
    for (const path of ["env/shop/A", "env/shop/B", "env/shop/deep/C", "env/other/D"])
      await this.ask("kv.put", { path }, { body: ["value"] });
    await this.ask("kv.import", { project: "shop", folder: "shop", bind: true, entries: [], layouts: [] });
    return this;
  }

  /** By the owner with presence, unless `more` says otherwise. */
  ask<V extends VerbName>(verb: V, args: Calls[V]["args"], { body = [], ...more }: More = {}) {
    const parts = body.map((part) => (typeof part === "string" ? bytes(part) : part));
    return ask(this.opened.door, this.world, verb, args, { credential: keyFile(this.key.slice()), body: parts, ...more });
  }

  /** What a row has comes from a file: it need not be what the types say. */
  async code(verb: string, args: object, more: More = {}): Promise<string> {
    return codeOf(this.ask(verb as VerbName, args as never, more));
  }

  async remove(): Promise<void> {
    await this.opened.door.seal("played");
    removeWorld(this.world);
  }
}

/** "done", or the code of the error; what is no error of ours is told whole. */
export async function codeOf(act: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof act === "function" ? act() : act);
    return "done";
  } catch (failure) {
    const { code } = failure as { code?: unknown };
    return typeof code === "string" ? code : `thrown: ${String(failure)}`;
  }
}
