/** Which zvault this is. Agent and client compare `build`, so that an old agent is not asked by a new client. */
declare const ZVAULT_BUILD: string | undefined;

/** As in package.json; a test compares the two. */
export const version = "0.1.0";

/** Version and the first 12 hex digits of the SHA-256 of what was built; "dev" from source. */
export const build = `${version}+${typeof ZVAULT_BUILD === "string" ? ZVAULT_BUILD : "dev"}`;
