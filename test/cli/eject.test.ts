import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("eject.txt");
