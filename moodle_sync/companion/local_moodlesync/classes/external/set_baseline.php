<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Records what was last written outside of courses.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\external;

use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_single_structure;
use core_external\external_value;
use local_moodlesync\local\answer;
use local_moodlesync\local\baseline;
use local_moodlesync\local\batch;
use local_moodlesync\local\lock;
use local_moodlesync\local\scope;
use local_moodlesync\local\site_baseline;

/**
 * Records what was last written outside of courses.
 */
final class set_baseline extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'namespace' => new external_value(PARAM_RAW, 'Namespace of the keys'),
            'items' => new external_value(PARAM_RAW, 'Items, as one JSON array'),
        ]);
    }

    /**
     * Writes baselines.
     *
     * @param string $namespace namespace of the keys
     * @param string $items JSON array
     * @return array
     */
    public static function execute(string $namespace, string $items): array {
        $params = self::validate_parameters(self::execute_parameters(), ['namespace' => $namespace, 'items' => $items]);
        $context = \context_system::instance();
        self::validate_context($context);
        require_capability('local/moodlesync:write', $context);
        scope::check_namespace($params['namespace']);
        $baseline = new baseline($params['namespace'], 0);
        $batch = new batch(new site_baseline($baseline), $baseline);
        $parsed = $batch->parse($params['items']);
        return lock::hold(0, fn() => answer::pack($batch->run($parsed)));
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return answer::returns();
    }
}
