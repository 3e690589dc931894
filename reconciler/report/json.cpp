#include "reconciler/report/report.hpp"
