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
 * The frame of every write to a course.
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
use local_moodlesync\local\kind;
use local_moodlesync\local\lock;
use local_moodlesync\local\scope;

/**
 * Context, capabilities, validation, lock; then the items, one by one.
 */
abstract class course_write extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => new external_value(PARAM_INT, 'Course id'),
            'namespace' => new external_value(PARAM_RAW, 'Namespace of the keys'),
            'items' => new external_value(PARAM_RAW, 'Items, as one JSON array'),
        ]);
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return answer::returns();
    }

    /**
     * Writes items.
     *
     * @param array $params validated parameters
     * @param string[] $capabilities what Moodle asks of a person who does the same by hand
     * @param string $kind class of the kind that is written
     * @return array the answer
     */
    protected static function write(array $params, array $capabilities, string $kind): array {
        $context = \context_course::instance($params['courseid']);
        self::validate_context($context);
        require_capability('local/moodlesync:write', $context);
        foreach ($capabilities as $capability) {
            require_capability($capability, $context);
        }
        $scope = new scope($params['courseid'], $params['namespace']);
        $baseline = new baseline($params['namespace'], $params['courseid']);
        $batch = new batch(new $kind($scope), $baseline, $scope->forget_rolled_back(...));
        $items = $batch->parse($params['items']);
        return lock::hold($params['courseid'], function () use ($scope, $batch, $items) {
            $scope->refresh();
            return answer::pack($batch->run($items));
        });
    }
}
