// The one word with which a command prints its usage and ends well; beside other words it is none.

/** Of daemons and of tools that ask them. Apache: DFSUtil.parseHelpArgument. */
export const isHelpWord = (argv: readonly string[]): boolean => argv.length === 1 && /^(?:-h|--?help)$/.test(argv[0] ?? '');

/** Of the offline viewers, in any case. Apache: isHelpOption of OfflineImageViewerPB and OfflineEditsViewer. */
export const asksForHelp = (argv: readonly string[]): boolean => argv.length === 1 && /^(?:-h|--help)$/i.test(argv[0] ?? '');
