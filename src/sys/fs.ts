/** On what kind of file system a path lies: locks and fsync mean less on a network, so those are named. */
import { readFileSync, realpathSync, statfsSync } from "node:fs";

/** Magic numbers of statfs(2), from linux/magic.h. */
const types: Record<number, string> = {
  0xef53: "ext4",
  0x01021994: "tmpfs",
  0x858458f6: "ramfs",
  0x9123683e: "btrfs",
  0x58465342: "xfs",
  0x2fc12fc1: "zfs",
  0xf2f52010: "f2fs",
  0xca451a4e: "bcachefs",
  0x794c7630: "overlay",
  0xf15f: "ecryptfs",
  0x4d44: "vfat",
  0x2011bab0: "exfat",
  0x7366746e: "ntfs3",
  0x5346544e: "ntfs",
  0x73717368: "squashfs",
  0xe0f5e1e2: "erofs",
  0x786f4256: "vboxsf",
  0x9660: "iso9660",
  0x9fa0: "proc",
  0x62656572: "sysfs",
  0x65735546: "fuse",
  0x6969: "nfs",
  0x517b: "smb",
  0xfe534d42: "smb2",
  0xff534d42: "cifs",
  0x01021997: "9p",
  0x00c36400: "ceph",
  0x5346414f: "afs",
  0x6b414653: "kafs",
  0x73757245: "coda",
  0x0bd00bd0: "lustre",
  0x01161970: "gfs2",
  0x7461636f: "ocfs2",
  0x47504653: "gpfs",
};

const network = new Set([
  "nfs", "nfs4", "smb", "smb2", "smb3", "cifs", "9p", "ceph", "afs", "kafs", "coda", "lustre", "gfs2", "ocfs2", "gpfs",
  "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.glusterfs", "fuse.davfs", "fuse.curlftpfs", "fuse.ceph",
  "fuse.juicefs", "fuse.mount-s3", "fuse.goofys", "fuse.blobfuse", "fuse.blobfuse2", "fuse.afp", "fuse.smbnetfs",
]); // prettier-ignore

/** `type` of an unknown one is its number in hex; a fuse mount is named by its program where /proc knows it. Throws ENOENT. */
export function fileSystem(path: string): { type: string; network: boolean } {
  const magic = Number(BigInt.asUintN(32, statfsSync(path, { bigint: true }).type));
  let type = types[magic] ?? `0x${magic.toString(16)}`;
  if (type === "fuse") type = mountType(realpathSync(path)) ?? type;
  return { type, network: network.has(type) };
}

/** "fuse.sshfs" and the like: the last mount in mountinfo whose mount point holds `path`. */
function mountType(path: string): string | undefined {
  let best: { point: string; type: string } | undefined;
  for (const line of mounts()) {
    // id parent major:minor root point options … - type source options; spaces in it are \040
    const [before = "", after = ""] = line.split(" - ");
    const point = (before.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const type = after.split(" ")[0] ?? "";
    const holds = path === point || point === "/" || path.startsWith(`${point}/`);
    if (holds && point.length >= (best?.point.length ?? 0)) best = { point, type };
  }
  return best?.type.startsWith("fuse") ? best.type : undefined;
}

function mounts(): string[] {
  try {
    return readFileSync("/proc/self/mountinfo", "latin1").split("\n");
  } catch {
    return [];
  }
}
