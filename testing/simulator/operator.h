#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "testing/simulator/clients.h"
#include "testing/simulator/fault_plan.h"
#include "testing/simulator/processor.h"
#include "testing/simulator/referee.h"
#include "testing/simulator/trace.h"
#include "testing/simulator/virtual_switch.h"
#include "testing/world/directory_copy.h"

namespace payswitch::lab::simulator {

// What an operator does in a run, each between two lives of the process: drawn from its seed, plain
// data.
struct OperatorPlan {
  bool changes_processors = false;  // removes one, adds it again, adds a new one
  bool changes_options = false;     // durability, patience, max_in_flight, max_processing_time
  bool restores = false;            // an old copy of the directory, with --restored
  bool sets_clock_back = false;     // by up to an hour
  platform::Duration pause{};       // between two restarts, on average

  bool any() const { return changes_processors || changes_options || restores || sets_clock_back; }
};

OperatorPlan draw_operator_plan(SeededRandom& random);

// For the line that describes a run; empty when it does nothing.
std::string describe(const OperatorPlan& plan);

// The operator of one switch. It restarts the process now and then, and starts it with something
// changed; it also starts it after a death. What it says is true: it restores a copy only when no
// request is under way at any processor, and ends the restored mode when its clients have repeated
// everything that may not be in the copy.
class Operator {
 public:
  using Processors = std::vector<std::unique_ptr<UnsteadyProcessor>>;
  // What it works with; all outlive it.
  struct Seams {
    World& world;
    const FaultPlan& plan;
    VirtualDisk& disk;
    Referee& referee;
    Clients& clients;
    const Trace& trace;
    const Processors& processors;
  };

  // At first, the processors below plan.processors are configured.
  Operator(const Seams& seams, std::uint64_t seed, const OperatorPlan& plan);

  // When it will restart the process.
  platform::Duration next_restart();

  // The process is down and is to be started: changes something, once a start. False: it is waiting
  // for the processors, and wants to be asked again a little later.
  bool prepare_start();
  void started();
  // The process is ending, with so many payments that it was asking for first.
  void ends(std::size_t asking_first) { asking_first_ = asking_first; }

  // The configuration of the next start. A processor that is not configured is nullptr.
  SwitchSettings settings() const;
  std::vector<Origin*> processors() const;
  bool has(std::size_t processor) const { return has_[processor]; }

  // What was promised survives a loss of power now: the process writes with fsync, and did so since
  // its start came to its end.
  bool may_lose_power() const { return is_safe_; }

  // From now on it changes nothing, and every processor that ever was is configured. True: the
  // process runs with another configuration.
  bool calm();

 private:
  void change_processors();
  void change_options();
  void set_clock_back();
  void copy_or_restore();
  bool finish_restoring();

  Seams seams_;
  SeededRandom random_;
  OperatorPlan plan_;
  SwitchSettings settings_;
  std::array<bool, max_processors> has_{};  // are configured
  std::array<bool, max_processors> had_{};  // ever were
  std::optional<DirectoryCopy> copy_;
  store::Restored said_ = store::Restored::unset;
  bool is_restored_ = false;      // the mode is on
  std::size_t asking_first_ = 0;  // when the last process ended
  bool restoring_ = false;        // waits for the processors
  bool has_acted_ = false;        // for the start that comes
  bool is_safe_;
  bool is_calm_ = false;
};

}  // namespace payswitch::lab::simulator
