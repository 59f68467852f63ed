// SPDX-License-Identifier: Apache-2.0
//
// Where a process stands among those that train one run together, read from what its launcher left in the environment.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/status.h"

namespace walchen::train {

struct RankPlace {
  int rank = 0;        // from 0; rank 0 writes the run
  int world = 1;       // how many there are; 1: this process is alone, and the rest means nothing
  int local_rank = 0;  // among those on this machine
  std::string address = {};  // of the machine of rank 0
  int port = 0;             // there
  // torchrun has opened the store at the address itself, and opens it once for all restarts: what belongs to one of them
  // has this in front. Empty: rank 0 opens the store.
  std::string launchers_store = {};

  bool operator==(const RankPlace&) const = default;
};

using LookUp = std::function<std::optional<std::string>(const char* name)>;

// The first that is there of
//   torchrun   RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT; a shell loop may set them as well
//   MPI        OMPI_COMM_WORLD_RANK, _SIZE, _LOCAL_RANK, _LOCAL_SIZE (Open MPI); PMI_RANK, PMI_SIZE, MPI_LOCALRANKID,
//              MPI_LOCALNRANKS (MPICH, Intel MPI)
//   Slurm      SLURM_PROCID, SLURM_STEP_NUM_TASKS, SLURM_LOCALID (srun)
// MPI comes before Slurm, because mpirun in a Slurm job starts its ranks by srun, whose numbers are not theirs.
// MASTER_ADDR and MASTER_PORT count everywhere. Without them the address is this machine where all ranks are on it, else
// the first node of SLURM_JOB_NODELIST; the port follows from the job's number, so that jobs on one machine do not meet.
// kInvalidArgument names the variable that is missing or contradicts another one.
Result<RankPlace> RankPlaceFrom(const LookUp& look_up);
// Of this process.
Result<RankPlace> RankPlaceFromEnvironment();

// "rack[1-2]node[03-05,9],login" is rack1node03. kInvalidArgument if it is no such list.
Result<std::string> FirstNode(std::string_view slurm_node_list);

}  // namespace walchen::train
