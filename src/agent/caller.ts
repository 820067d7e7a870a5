/**
 * Who is at the other end of a connection, found out from the kernel. Only the uid is proof; the program and its session are evidence
 * for the audit log, and bind a presence to one terminal session.
 */
import { readlinkSync } from "node:fs";
import { processStat } from "../process-stat.ts";
import type { Caller } from "../protocol.ts";

/** A peer as it was when it connected: a client closes itself to others, to us too, before a value reaches it. */
export type Seen = { pid: number; uid: number; since: string; program: string };

/** `since` in what it gives: start time the pid had when it connected; another one later means the pid was given to somebody else. */
export function lookAt(peer: { pid: number; uid: number }): Seen {
  return { ...peer, since: processStat(peer.pid)?.startTime ?? "", program: program(peer.pid) };
}

export function callerOf(peer: Seen): Caller {
  const { since } = peer;
  const found = peer.pid > 0 ? processStat(peer.pid) : undefined;
  const shared = { uid: peer.uid, listener: "socket", verdict: "plain", signs: [] } as const;
  if (!found || found.startTime !== since)
    return { ...shared, pid: 0, startTime: "", program: "", session: `gone:${peer.pid}:${since}` };
  const { session, startTime } = found;
  // a leader that is gone cannot vouch for a session, so nobody shares it
  const leader = processStat(session)?.startTime ?? `gone:${peer.pid}:${startTime}`;
  return { ...shared, pid: peer.pid, startTime, program: peer.program, session: `${session}:${leader}` };
}

function program(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}
