/** Secrets through pipes: read with read(2) straight into locked memory, never as a 'data' event. */
import fs from "node:fs";
import { promisify } from "node:util";
import { Secret } from "../crypto/secret.ts";
import { ZvaultError } from "../errors.ts";

const read = promisify(fs.read);
const write = promisify(fs.write);
const start = 65_536;

/** All up to the end of the stream. Throws `protocol` beyond `limit` bytes; ours to wipe nothing then. */
export async function readSecret(fd: number, limit: number): Promise<Secret> {
  let room = Secret.alloc(start);
  let done = 0;
  try {
    for (;;) {
      if (done === room.length) room = widen(room, limit);
      const { bytesRead } = await room.use((bytes) => read(fd, bytes, done, bytes.length - done, null));
      if (bytesRead === 0) return room.use((bytes) => copy(bytes.subarray(0, done)));
      done += bytesRead;
    }
  } finally {
    room.wipe();
  }
}

export async function writeSecret(fd: number, secret: Secret): Promise<void> {
  let done = 0;
  while (done < secret.length) {
    const { bytesWritten } = await secret.use((bytes) => write(fd, bytes, done, bytes.length - done, null));
    done += bytesWritten;
  }
}

function widen(room: Secret, limit: number): Secret {
  if (room.length > limit) {
    room.wipe();
    throw new ZvaultError("protocol", `more than ${limit} bytes of key work`);
  }
  const wider = Secret.alloc(Math.min(2 * room.length, limit + 1));
  room.use((from) => wider.use((into) => into.set(from)));
  room.wipe();
  return wider;
}

function copy(bytes: Uint8Array): Secret {
  const secret = Secret.alloc(bytes.length);
  secret.use((into) => into.set(bytes));
  return secret;
}
