#include "reconciler/execute.hpp"
