// Keys of what moves blocks about: balancer, mover, disk balancer, satisfier of storage policies.
import { bool, duration, int, type KeyTable, list, size, text } from '../key.ts';

export const BALANCER_KEYS = {
  'dfs.balancer.address': text('0.0.0.0:0', 'Address that a balancer binds, for its Kerberos name.'),
  'dfs.balancer.httpserver.enabled': bool('false', 'Whether a balancer has a web server.'),
  'dfs.balancer.http-address': text('0.0.0.0:8590', 'Address of that web server.'),
  'dfs.balancer.http-bind-host': text(undefined, 'Local address that it listens on instead.'),
  'dfs.balancer.https-address': text('0.0.0.0:8591', 'Address of its secure web server.'),
  'dfs.balancer.https-bind-host': text(undefined, 'Local address that the secure one listens on instead.'),
  'dfs.balancer.dispatcherThreads': int('200', 'Threads that look for what to move.'),
  'dfs.balancer.moverThreads': int('1000', 'Moves at once.'),
  'dfs.balancer.movedWinWidth': duration('ms', '5400000', 'How long a balancer remembers what it has moved.'),
  'dfs.balancer.max-size-to-move': size('10737418240', 'Bytes that one node gives away in one round.'),
  'dfs.balancer.getBlocks.size': size('2147483648', 'Bytes of blocks that are asked for at once.'),
  'dfs.balancer.getBlocks.min-block-size': size('10485760', 'Blocks that are smaller stay where they are.'),
  'dfs.balancer.getBlocks.hot-time-interval': duration('ms', '0', 'Blocks of files used so lately are moved last.'),
  'dfs.balancer.block-move.timeout': int('0', 'Milliseconds that one move may take; 0 means any time.'),
  'dfs.balancer.max-no-move-interval': int('60000', 'Milliseconds without a move after which a node is done with.'),
  'dfs.balancer.max-iteration-time': duration('ms', '1200000', 'Longest round.'),
  'dfs.balancer.service.interval': duration('ms', '5m', 'Pause between two runs of a balancer that stays.'),
  'dfs.balancer.service.retries.on.exception': int('5', 'Failures in a row that end one that stays.'),
  'dfs.namenode.get-blocks.max-qps': int('20', 'Questions for blocks to move that are answered in a second.'),
  'dfs.namenode.get-blocks.check.operation': bool('true', 'Whether only the active NameNode answers them.'),
  'dfs.datanode.balance.max.concurrent.moves': int('100', 'Blocks moved at once for balancing.'),
} as const satisfies KeyTable;

export const MOVER_KEYS = {
  'dfs.mover.address': text('0.0.0.0:0', 'Address that a mover binds, for its Kerberos name.'),
  'dfs.mover.moverThreads': int('1000', 'Moves at once.'),
  'dfs.mover.movedWinWidth': duration('ms', '5400000', 'How long a mover remembers what it has moved.'),
  'dfs.mover.retry.max.attempts': int('10', 'Rounds without progress before a mover gives up.'),
  'dfs.mover.max-no-move-interval': int('60000', 'Milliseconds without a move after which a node is done with.'),
} as const satisfies KeyTable;

export const DISK_BALANCER_KEYS = {
  'dfs.disk.balancer.enabled': bool('true', 'Whether blocks may be moved between the disks of a node.'),
  'dfs.disk.balancer.plan.valid.interval': duration('ms', '1d', 'How old a plan for that may be.'),
  'dfs.disk.balancer.max.disk.throughputInMBperSec': int('10', 'Megabytes a second that it may take from a disk.'),
  'dfs.disk.balancer.block.tolerance.percent': int('10', 'How near to the plan, in per cent, is near enough.'),
  'dfs.disk.balancer.max.disk.errors': int('5', 'Failed copies after which a step is given up.'),
  'dfs.disk.balancer.plan.threshold.percent': int('10', 'Difference of the disks, in per cent, that calls for a plan.'),
  'dfs.nodeplan.steps.supported.packages': list(
    'org.apache.hadoop.hdfs.server.diskbalancer.planner',
    "Java packages from which a plan's steps may come.",
  ),
} as const satisfies KeyTable;

export const SATISFIER_KEYS = {
  'dfs.storage.policy.satisfier.mode': text('none', 'Who moves blocks to where their storage policies want them.'),
  'dfs.storage.policy.satisfier.address': text('0.0.0.0:0', 'Address that the satisfier binds, for its Kerberos name.'),
  'dfs.storage.policy.satisfier.queue.limit': int('1000', 'Paths that are worked on at once.'),
  'dfs.storage.policy.satisfier.max.outstanding.paths': int('10000', 'Paths that may wait for it.'),
  'dfs.storage.policy.satisfier.work.multiplier.per.iteration': int('1', 'Blocks to move in one round, for each live node.'),
  'dfs.storage.policy.satisfier.recheck.timeout.millis': int('60000', 'Milliseconds between two looks at what was moved.'),
  'dfs.storage.policy.satisfier.self.retry.timeout.millis': int('300000', 'Milliseconds after which a move is tried again.'),
  'dfs.storage.policy.satisfier.retry.max.attempts': int('3', 'Tries of one file.'),
  'dfs.storage.policy.satisfier.move.task.retry.max.attempts': int('3', 'Tries of one move.'),
  'dfs.storage.policy.satisfier.datanode.cache.refresh.interval.ms': int(
    '300000',
    'Milliseconds for which the list of nodes is believed.',
  ),
} as const satisfies KeyTable;
