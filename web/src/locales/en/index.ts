import common from "./common.json";
import create from "./create.json";
import entry from "./entry.json";
import failures from "./failures.json";
import queue from "./queue.json";
import shell from "./shell.json";

/** What the frame and the first page say; the rest comes with its page. */
export default { common, create, entry, failures, queue, shell };
