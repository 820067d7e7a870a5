/**
 * The stub: a git-ignored `.env` of comments, left where a reader fails on a missing file (`node --env-file=.env`, compose, make).
 * Everything of ours treats it as absent.
 */
export const stubLine = "# values are in zvault: zvault run -- <cmd>";

export const stub = `${stubLine}\n`;

export const largestStub = 4096;

/** True for our line and nothing but blank lines and comments behind it; a commented-out value makes it a file like any other. */
export function isStub(bytes: Uint8Array): boolean {
  if (bytes.length > largestStub) return false;
  const [first, ...rest] = Buffer.from(bytes)
    .toString("latin1")
    .split(/\r\n|\r|\n/);
  if (first !== stubLine) return false;
  return rest.every((line) => /^\s*(#.*)?$/.test(line) && !/^\s*#\s*(export\s+)?[\w.-]+\s*[=:]\s*\S/.test(line));
}
