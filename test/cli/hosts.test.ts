import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("hosts.txt");
