// Expected output in files that people read: tests/golden/<name>.
#pragma once

#include <string>
#include <vector>

namespace homeostat {

// Fails, with the differing lines, where `text` is not what tests/golden/<name> holds. With
// HOMEOSTAT_UPDATE_GOLDEN=1 in the environment the file is rewritten, and the test fails all the
// same: a rewrite is to be looked at.
void check_golden(const std::string& name, const std::string& text);

// The folders of tests/golden, sorted: so that none is left over from a test that is gone.
[[nodiscard]] std::vector<std::string> golden_folders();

}  // namespace homeostat
