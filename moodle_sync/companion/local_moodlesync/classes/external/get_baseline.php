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
 * What was last written outside of courses.
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
use local_moodlesync\local\failure;
use local_moodlesync\local\payload;
use local_moodlesync\local\scope;
use local_moodlesync\local\site_baseline;

/**
 * What was last written outside of courses.
 */
final class get_baseline extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'namespace' => new external_value(PARAM_RAW, 'Namespace of the keys'),
            'kind' => new external_value(PARAM_RAW, 'Kind of object'),
            'keys' => new external_value(PARAM_RAW, 'Keys, as one JSON array'),
        ]);
    }

    /**
     * Reads baselines.
     *
     * @param string $namespace namespace of the keys
     * @param string $kind kind of object
     * @param string $keys JSON array
     * @return array
     */
    public static function execute(string $namespace, string $kind, string $keys): array {
        $params = self::validate_parameters(
            self::execute_parameters(),
            ['namespace' => $namespace, 'kind' => $kind, 'keys' => $keys]
        );
        $context = \context_system::instance();
        self::validate_context($context);
        require_capability('local/moodlesync:read', $context);
        scope::check_namespace($params['namespace']);
        if (!in_array($params['kind'], site_baseline::KINDS, true)) {
            throw failure::payload('kind', 'must be one of ' . implode(', ', site_baseline::KINDS));
        }
        $rows = (new baseline($params['namespace'], 0))->of($params['kind'], payload::strings($params['keys'], 'keys'));
        return ['schema' => answer::SCHEMA, 'json' => answer::encode((object)$rows)];
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
