"""Spark in local mode: a partitioned Parquet table written by both of Hadoop's commit algorithms, read, appended to and
overwritten. Arguments: the URI. Prints one line for each step."""

import sys

import pyspark.sql.functions as F
from pyspark.sql import SparkSession

ROWS = 50_000


def main():
    uri = sys.argv[1]
    spark = (
        SparkSession.builder.master("local[2]")
        .appName("tour")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", f"{uri}/warehouse")
        .config("spark.hadoop.fs.defaultFS", uri)
        .getOrCreate()
    )
    rows = spark.range(ROWS).withColumn("day", F.col("id") % 3).withColumn("value", F.col("id") * 7)

    def summed(path):
        table = spark.read.parquet(path)
        days = table.groupBy("day").agg(F.count("*").alias("n"), F.sum("value").alias("sum")).orderBy("day")
        return [tuple(row) for row in days.collect()]

    for algorithm in ("1", "2"):
        path = f"{uri}/spark/by{algorithm}"
        writer = rows.write.partitionBy("day").option("mapreduce.fileoutputcommitter.algorithm.version", algorithm)
        writer.mode("overwrite").parquet(path)
        print("written", algorithm, summed(path))
        writer.mode("append").parquet(path)
        print("appended", algorithm, summed(path))
        rows.where("day = 1").write.mode("overwrite").parquet(path)
        print("overwritten", algorithm, summed(path))
    spark.sql(f"create table of_day using parquet as select * from parquet.`{uri}/spark/by2` where id < 100")
    print("table", [tuple(row) for row in spark.sql("select count(*), max(value) from of_day").collect()])
    rows.write.mode("overwrite").csv(f"{uri}/spark/csv")
    print("csv", spark.read.csv(f"{uri}/spark/csv").count())
    spark.stop()


main()
