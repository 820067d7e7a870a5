/** What was asked for while all was sealed, as a person reads it. Names in it are whoever's claims: printed escaped, never believed. */
import { waitingRequests, type Waiting } from "../run/waiting.ts";
import { age, count } from "./output.ts";
import type { Session } from "./session.ts";

export function waitingOf(session: Session): Waiting[] {
  return waitingRequests(session.places.runtime);
}

/** "claude asked 2 min ago for: npm test (7 secrets)" */
export function waitingLine({ time, program, count: secrets, caller }: Waiting): string {
  return `${caller === "" ? "a program" : caller} asked ${age(time)} for: ${program} (${count(secrets, "secret")})`;
}
