#include "reconciler/diff.hpp"
