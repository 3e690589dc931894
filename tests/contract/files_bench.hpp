// The embedded default on its bench: a folder, and all kinds there are.
#pragma once

#include "reconciler/contract/contract.hpp"
#include "tests/support/still_clock.hpp"
#include "tests/support/temp_repo.hpp"

namespace homeostat::contract {

class FilesBench final : public Bench {
 public:
  FilesBench();
  std::string open() override;
  [[nodiscard]] Timing timing() override { return clock_.timing(); }
  [[nodiscard]] std::vector<Sample> samples() const;
  std::string peek(const std::string& name) override;
  std::size_t count() override;
  void plant(const Sample& sample, int number, bool like_the_sample) override;
  void disturb(const Sample& sample, int number) override;
  void drop(const std::string& name) override;
  bool copy(const std::string& from, const std::string& to) override;
  [[nodiscard]] Sample rename(const Sample& sample, std::string& head) const override;

 private:
  [[nodiscard]] std::string file(const std::string& name) const;

  TempDir dir_;
  test::StillClock clock_;
  int places_ = 0;
};

}  // namespace homeostat::contract
