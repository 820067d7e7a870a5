/**
 * Programs that tell what their environment holds: `digest` of these variables, and `token` as it is, which a mask has to cover. The digest
 * is SHA-256 where the language brings it, else FNV-1a.
 */
export const names = ["API_TOKEN", "DATABASE_URL", "GREETING", "LOG_LEVEL", "SESSION_SECRET"];

const list = JSON.stringify(names);

/** `tell(env)` gives the two lines. */
export function nodeOf(variable: string): string {
  return `import { createHash } from "node:crypto";
const tell = (${variable}) => {
  const has = ${list}.map((name) => name + "=" + (${variable}[name] ?? "(none)")).join("\\n");
  return "digest " + createHash("sha256").update(has).digest("hex") + "\\ntoken " + ${variable}.API_TOKEN;
};
`;
}

export const node = `${nodeOf("env")}const text = tell(process.env);
if (process.argv[1]?.endsWith("print.mjs")) console.log(text);
`;

export const python = `import hashlib, os
has = "\\n".join(name + "=" + os.environ.get(name, "(none)") for name in ${list})
print("digest", hashlib.sha256(has.encode()).hexdigest())
print("token", os.environ.get("API_TOKEN"))
`;

export const ruby = `require "digest"
has = ${list}.map { |name| name + "=" + (ENV[name] || "(none)") }.join("\\n")
puts "digest " + Digest::SHA256.hexdigest(has), "token #{ENV["API_TOKEN"]}"
`;

export const go = `package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
)

func main() {
	var has []string
	for _, name := range []string{${list.slice(1, -1)}} {
		has = append(has, name+"="+os.Getenv(name))
	}
	fmt.Printf("digest %x\\ntoken %s\\n", sha256.Sum256([]byte(strings.Join(has, "\\n"))), os.Getenv("API_TOKEN"))
}
`;

export const rust = `fn main() {
    let mut hash: u64 = 0xcbf29ce484222325;
    for name in ${list} {
        let value = std::env::var(name).unwrap_or_default();
        for byte in format!("{name}={value}\\n").bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100000001b3);
        }
    }
    println!("digest {hash:016x}\\ntoken {}", std::env::var("API_TOKEN").unwrap_or_default());
}
`;
