// What this program calls itself. Handshakes with Hadoop say HADOOP_VERSION; only people see VERSION.

export const VERSION = '0.1.0';
/** The release of Hadoop whose protocols and formats these are. */
export const HADOOP_VERSION = '3.5.0';
