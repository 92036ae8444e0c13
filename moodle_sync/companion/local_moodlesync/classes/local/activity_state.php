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
 * The state of activities, read in bulk.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

use local_moodlesync\local\modules\module;

/**
 * Reads all fields of activities with a number of queries that does not grow with them.
 */
final class activity_state {
    /**
     * Constructor.
     *
     * @param scope $scope the course
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
    ) {
    }

    /**
     * The states of activities.
     *
     * @param \stdClass[] $cms course modules, by key
     * @return array key => state
     */
    public function read(array $cms): array {
        global $DB;
        $bymodule = [];
        foreach ($cms as $key => $cm) {
            $bymodule[$cm->modname][$key] = $cm;
        }
        $sections = $this->scope->keys->keys(keymap::SECTION);
        $states = [];
        foreach ($bymodule as $modname => $group) {
            $module = module::of($modname, $this->scope);
            $instances = $DB->get_records_list($modname, 'id', array_column($group, 'instance'));
            $own = $module->states($instances, $group);
            foreach ($group as $key => $cm) {
                $instance = $instances[$cm->instance];
                $common = [
                    'name' => $instance->name,
                    'intro' => (string)($instance->intro ?? ''),
                    'visible' => self::visible($cm),
                    'section' => $sections[$cm->section] ?? "?$cm->section",
                    'completion' => completion_rule::state($cm, $instance, $module->rules()),
                ];
                $states[$key] = array_diff_key($common, array_flip($module->lacks())) + $own[$cm->instance];
            }
        }
        return array_replace(array_fill_keys(array_keys($cms), []), $states);
    }

    /**
     * Whether an activity itself is visible. One that is hidden only because its section is, keeps its own in visibleold.
     *
     * @param \stdClass $cm course module
     * @return bool
     */
    public static function visible(\stdClass $cm): bool {
        return (bool)($cm->sectionvisible ? $cm->visible : $cm->visibleold);
    }
}
