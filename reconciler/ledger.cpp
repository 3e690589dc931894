#include "reconciler/ledger.hpp"
