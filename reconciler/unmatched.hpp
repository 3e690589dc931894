// What the user asked for by a word that nothing answers to.
#pragma once

#include "reconciler/reconcile.hpp"

namespace homeostat {

// A word that matches nothing is a typo: "in sync" would be its worst answer, and a consent that
// nobody needs was meant for something else.
[[nodiscard]] Errors unmatched_words(const Round& round);

}  // namespace homeostat
