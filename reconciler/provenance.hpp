// Lines of a value -> the commit and author that touched them, by walking history. Paid for by what
// differs only.
#pragma once

#include "reconciler/plan.hpp"

namespace homeostat {

// Fills `provenance` of field diffs with cause git, both or first_contact, and of changes that git
// caused (create, remove, release, rename). `since` of a field: its agreed commit; the newest
// commit behind it that touched one of the field's lines, or removed the lines where it stood.
// Lines are followed through edits above them and through renames of the file. Without a
// repository, or with history that is not there (a shallow clone), the place alone is filled in.
void fill_provenance(Plan& plan, const Spec& spec, const LedgerView& ledger);

}  // namespace homeostat
