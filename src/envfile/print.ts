import type { Document, Piece } from "./document.ts";
import { toBytes } from "./text.ts";

export function pieceText(piece: Piece): string {
  return piece.kind === "assignment" ? piece.before + piece.raw + piece.after : piece.text;
}

/** The bytes of the file: `print(parse(x))` is x. */
export function print(document: Document): Uint8Array {
  return toBytes(document.map(pieceText).join(""));
}
