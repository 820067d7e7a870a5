import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("project.txt");
