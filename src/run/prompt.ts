/**
 * Questions on the terminal itself, whatever stdin and stdout are. A hidden answer never becomes a string: the line goes from the
 * terminal straight into the caller's buffer. The kernel does the editing (backspace, Ctrl-U, Ctrl-D); the terminal is put back as it
 * was in every case, also before the process is stopped (Ctrl-Z) or ended by a signal.
 */
import { closeSync, writeSync } from "node:fs";
import { ZvaultError } from "../errors.ts";
import { noEcho, openTty } from "../sys/tty.ts";

/** Bytes of an answer; the kernel cuts lines at 4095. */
export const longestAnswer = 1024;
const kernelLine = 4096;

/** Typed unseen. The answer is a part of `into`, which the caller wipes. Throws `would-ask`, `interrupted`, `too-large`. */
export async function promptHidden(
  text: string,
  into: Uint8Array = new Uint8Array(new ArrayBuffer(kernelLine)),
): Promise<Uint8Array> {
  const length = await ask(text, into, true);
  const bytes = into.subarray(0, withoutPaste(into, length));
  if (bytes.length <= longestAnswer) return bytes;
  into.fill(0);
  throw new ZvaultError("too-large", `the answer is longer than ${longestAnswer} bytes`, {
    hint: "longer values: from a file with @FILE",
  });
}

/** Typed seen, without its line end. Throws as `promptHidden`. */
export async function promptLine(text: string): Promise<string> {
  const into = new Uint8Array(kernelLine);
  const length = await ask(text, into, false);
  return new TextDecoder().decode(into.subarray(0, withoutPaste(into, length))).trim();
}

/** Asks until it is answered with y, n or Enter. Throws as `promptHidden`. */
export async function confirm(text: string, defaultYes: boolean): Promise<boolean> {
  for (;;) {
    const answer = (await promptLine(`${text} ${defaultYes ? "[Y/n]" : "[y/N]"} `)).toLowerCase();
    if (answer === "") return defaultYes;
    if (answer === "y" || answer === "yes") return true;
    if (answer === "n" || answer === "no") return false;
  }
}

function openTerminal(): { fd: number } {
  try {
    return openTty();
  } catch (error) {
    throw noTerminal(error);
  }
}

function noTerminal(cause: unknown): ZvaultError {
  return new ZvaultError("would-ask", "there is no terminal to ask on", {
    hint: "in your own terminal, or with a key file (--key-file)",
    cause,
  });
}

/** Names of folders and files come from outside: what would steer the terminal is not shown as it is. */
function harmless(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
}

/** Shows `text`, reads one line into `into` and returns its length without the line end. */
function ask(question: string, into: Uint8Array, hidden: boolean): Promise<number> {
  const text = harmless(question);
  const { fd } = openTerminal();
  let echo: { restore(): void } | undefined;
  try {
    echo = hidden ? noEcho(fd) : undefined;
    writeSync(fd, text);
  } catch (error) {
    echo?.restore();
    closeSync(fd);
    // hung up, or ours no more: an orphan in the background may not touch it
    throw (error as NodeJS.ErrnoException).code === "EIO" ? noTerminal(error) : error;
  }
  return new Promise((done, fail) => {
    let length = 0;
    const chunk = new Uint8Array(new ArrayBuffer(kernelLine));
    const stream = new (process.getBuiltinModule("node:tty").ReadStream)(fd, {
      onread: { buffer: chunk, callback: take },
    } as unknown as { readable: boolean });
    const restore = () => echo?.restore();
    const handlers: [NodeJS.Signals, () => void][] = [
      ["SIGINT", () => end(new ZvaultError("interrupted", "interrupted", { hint: "nothing was done" }))],
      ["SIGTERM", () => die("SIGTERM")],
      ["SIGHUP", () => die("SIGHUP")],
      ["SIGQUIT", () => die("SIGQUIT")],
      ["SIGTSTP", stop],
    ];
    for (const [signal, handler] of handlers) process.on(signal, handler);
    process.on("exit", restore);

    /** Whether it wants more. */
    function take(count: number): boolean {
      for (let i = 0; i < count; i++) {
        const byte = chunk[i] ?? 0;
        if (byte === 10 || byte === 13) {
          end();
          return false;
        }
        if (length < into.length) into[length++] = byte;
      }
      chunk.fill(0);
      return true;
    }

    function end(error?: Error): void {
      chunk.fill(0);
      for (const [signal, handler] of handlers) process.off(signal, handler);
      process.off("exit", restore);
      if (hidden || error) writeSync(fd, "\n");
      restore();
      stream.removeAllListeners("end");
      stream.once("close", () => (error ? fail(error) : done(length)));
      stream.destroy();
      if (error) into.fill(0);
    }

    function die(signal: NodeJS.Signals): void {
      restore();
      into.fill(0);
      for (const [name, handler] of handlers) process.off(name, handler);
      process.kill(process.pid, signal);
    }

    /** Ctrl-Z: an open terminal for the shell, and the question again when we go on. */
    function stop(): void {
      restore();
      process.once("SIGCONT", () => {
        echo = hidden ? noEcho(fd) : undefined;
        writeSync(fd, text);
      });
      process.kill(process.pid, "SIGSTOP");
    }

    stream.on("error", (error: Error) => end(new ZvaultError("io", "the terminal cannot be read", { cause: error })));
    stream.on("end", () => end(new ZvaultError("interrupted", "no answer", { hint: "nothing was changed" })));
    stream.resume();
  });
}

/** Takes out the marks of a bracketed paste (ESC [ 200 ~ … ESC [ 201 ~), in place; returns the new length. */
function withoutPaste(bytes: Uint8Array, length: number): number {
  let kept = 0;
  for (let i = 0; i < length; i++) {
    const mark = bytes[i] === 27 && bytes[i + 1] === 91 && bytes[i + 2] === 50 && bytes[i + 3] === 48 && bytes[i + 5] === 126;
    if (mark && i + 5 < length && (bytes[i + 4] === 48 || bytes[i + 4] === 49)) i += 5;
    else bytes[kept++] = bytes[i] ?? 0;
  }
  bytes.fill(0, kept, length);
  return kept;
}
