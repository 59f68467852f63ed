// SPDX-License-Identifier: Apache-2.0
//
// Several ranks as threads of one process. For tests only.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "train/ranks.h"

namespace walchen::train {

// One that nobody has at this moment.
inline int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  CHECK(::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

enum class Leaving { kTogether, kWithout };

// Calls work(ranks) at each of `world` ranks, side by side.
inline void OnRanks(int world, const std::function<void(Ranks&)>& work, Leaving leaving = Leaving::kTogether,
                    const Ranks::OnLoss& on_loss = [](const Error&) {}) {
  Ranks::Patience patience;
  patience.to_join = std::chrono::seconds(60);
  patience.after_loss = std::chrono::milliseconds(100);
  const int port = FreePort();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < world; ++rank) {
    threads.emplace_back([&, rank] {
      const RankPlace place = {.rank = rank, .world = world, .local_rank = rank, .address = "127.0.0.1", .port = port};
      const auto ranks = Ranks::Join(place, on_loss, patience);
      ASSERT_TRUE(ranks) << ranks.error().message();
      work(**ranks);
      if (leaving == Leaving::kTogether) (*ranks)->Leave();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace walchen::train
