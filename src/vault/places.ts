/** Where things lie outside the project. The agent's environment is empty: its starter tells it these folders. */
import { sha256, hex, fromHex } from "../crypto/hash.ts";

export type Places = {
  /** `$XDG_CONFIG_HOME/zvault` */
  config: string;
  /** `$XDG_STATE_HOME/zvault` */
  state: string;
  /** folder of the socket */
  runtime: string;
};

export function identityPath(places: Places): string {
  return `${places.config}/identity`;
}

export function knownPath(places: Places): string {
  return `${places.state}/known`;
}

/** The copies of all vaults. */
export function mirrorsPath(places: Places): string {
  return `${places.state}/mirror`;
}

/** By vault and folder: a copy of a vault that was adopted has a mirror of its own. */
export function mirrorPath(places: Places, id: string, dir: string): string {
  return `${mirrorsPath(places)}/${id}-${hex(sha256(new TextEncoder().encode(dir))).slice(0, 8)}`;
}

/** Heads are named by SHA-256(vault id ‖ real path of `.zvault`): a copy of a vault is not the original. */
export function headPath(places: Places, id: string, dir: string): string {
  return `${places.state}/heads/${hex(sha256(fromHex(id), new TextEncoder().encode(dir)))}`;
}
