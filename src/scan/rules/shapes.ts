/** Secrets that are known by their structure, whoever made them. */
import { isReal, token, type Rule } from "../rule.ts";

/** Base64url text that begins like a JSON object with a quote after its brace. */
function isJwt(text: string): boolean {
  const [head = ""] = text.split(".");
  try {
    const parsed: unknown = JSON.parse(atob(head.replaceAll("-", "+").replaceAll("_", "/")));
    return typeof parsed === "object" && parsed !== null && ("alg" in parsed || "typ" in parsed || "enc" in parsed);
  } catch {
    return false;
  }
}

export const shapes: readonly Rule[] = [
  {
    id: "private-key",
    keywords: ["-----begin "],
    lines: true,
    // line ends may be written out (\n), and each line may stand in a comment
    pattern: /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----[\s\S]{16,16384}?(?:-----END [A-Z0-9 ]{1,60}-----|$)/y,
  },
  {
    id: "jwt",
    keywords: ["eyj"],
    pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{2,8000}\.[A-Za-z0-9_-]{0,1000}/y,
    check: isJwt,
  },
  {
    id: "url-password",
    keywords: ["://"],
    back: 20,
    pattern:
      /(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,19}:\/\/[^\s:@/?#"'`<>]{0,200}:([^\s@"'`<>]{1,500})@(?=[^\s@/"'`]{1,255})/y,
    // `://host:80/path@x` is no password, nor is a reference
    check: (secret) => !/^\d{1,5}(?:[/?#]|$)/.test(secret) && !/^(?:\$\{[^}]*\}|\$[A-Za-z_]\w*|\*+|x{3,}|<.*)$/i.test(secret),
  },
  token("age-secret-key", ["age-secret-key-1"], "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
  {
    id: "authorization",
    keywords: ["bearer ", "basic "],
    pattern: /(?<![A-Za-z])(?:bearer|basic)[ \t]{1,3}([A-Za-z0-9+/_.~=-]{16,2000})/iy,
    check: (secret) => isReal(secret) && /\d/.test(secret),
  },
  {
    id: "secret-assignment",
    keywords: ["pass", "pwd", "secret", "token", "api_key", "apikey", "api-key", "private_key", "access_key", "auth_key"],
    back: 60,
    pattern: new RegExp(
      String.raw`(?<![A-Za-z0-9_.-])[A-Za-z0-9_.-]{0,60}` +
        String.raw`(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|auth[_-]?key)` +
        String.raw`[A-Za-z0-9_-]{0,20}["']?[ \t]{0,3}(?:=|:|=>|:=)[ \t]{0,3}["'\x60]?([^\s"'\x60,;]{6,500})`,
      "iy",
    ),
    check: (secret) =>
      !/^(?:zvault:|op:|\$|<|\*|%|process\.env|os\.environ|true$|false$|null$|none$|undefined$)/i.test(secret) && isReal(secret),
  },
];
