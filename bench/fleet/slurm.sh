#!/bin/sh
# A suite as a Slurm job array: each job runs one shard on a node of its own, and keeps its results in a folder that all share.
#
#   sbatch --array=1-3 bench/fleet/slurm.sh quick results/fleet
#   isolab report results/fleet          (once all jobs have ended)
#
# A job that is queued again goes on where it ended (--resume). The shards are those of one array: --array=2 alone is an array of one
# job, which runs the whole suite.
#
# ISOLAB names the executable where it is not on PATH.
#SBATCH --job-name=isolab
#SBATCH --ntasks=1
#SBATCH --exclusive
set -eu
suite=${1:?the name of a suite or its file}
folder=${2:?the folder for the results, which all nodes share}
exec "${ISOLAB:-isolab}" suite run "$suite" --shard auto --out "$folder" --resume
