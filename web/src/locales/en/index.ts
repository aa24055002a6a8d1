import account from "./account.json";
import channels from "./channels.json";
import characters from "./characters.json";
import common from "./common.json";
import create from "./create.json";
import entry from "./entry.json";
import failures from "./failures.json";
import library from "./library.json";
import queue from "./queue.json";
import share from "./share.json";
import shell from "./shell.json";
import video from "./video.json";

export default { account, channels, characters, common, create, entry, failures, library, queue, share, shell, video };
