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
 * The rubrics of assignments, read in bulk.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Reads rubric definitions with our keys on their criteria and levels; what has no key is called "?<id>".
 */
final class rubric_state {
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
     * The rubrics of activities.
     *
     * @param \stdClass[] $cms course modules, by key
     * @return array entries: key, id, state, learners, changed_level
     */
    public function read(array $cms): array {
        $byid = array_column(array_map(fn($cm, $key) => [$cm->contextid, $key], $cms, array_keys($cms)), 1, 0);
        $definitions = $this->definitions(array_keys($byid));
        $criteria = $this->criteria(array_keys($definitions));
        $learners = $this->learners(array_keys($definitions));
        $keys = ['criterion' => $this->scope->keys->keys(keymap::CRITERION), 'level' => $this->scope->keys->keys(keymap::LEVEL)];
        $entries = [];
        foreach ($definitions as $id => $definition) {
            $key = (string)$byid[$definition->contextid];
            $entries[] = [
                'key' => $key,
                'id' => (int)$id,
                'state' => [
                    'name' => (string)$definition->name,
                    'description' => (string)$definition->description,
                    'criteria' => self::criteria_state($criteria[$id] ?? [], $key, $keys),
                    'active' => $definition->activemethod === 'rubric' && (int)$definition->status === 20,
                ],
                'learners' => $learners[$id] ?? 0,
                'changed_level' => null,
            ];
        }
        return $entries;
    }

    /**
     * The last part of the key of a criterion or level.
     *
     * @param array $keys "<prefix><key>" by id
     * @param int $id Moodle's id
     * @param string $prefix what comes before
     * @return string
     */
    private static function own_key(array $keys, int $id, string $prefix): string {
        $key = $keys[$id] ?? '';
        return str_starts_with($key, $prefix) ? substr($key, strlen($prefix)) : "?$id";
    }

    /**
     * Criteria as they go over the wire.
     *
     * @param array $rows rows of criteria(), of one definition
     * @param string $key of the activity
     * @param array $keys all keys of criteria and levels, by id
     * @return array
     */
    private static function criteria_state(array $rows, string $key, array $keys): array {
        $criteria = [];
        foreach ($rows as $row) {
            $id = (int)$row->criterionid;
            $own = self::own_key($keys['criterion'], $id, "$key/");
            $criteria[$id] ??= ['key' => $own, 'description' => (string)$row->description, 'levels' => []];
            if ($row->levelid !== null) {
                $criteria[$id]['levels'][] = [
                    'key' => self::own_key($keys['level'], (int)$row->levelid, "$key/$own/"),
                    'score' => values::decimal($row->score),
                    'definition' => (string)$row->definition,
                ];
            }
        }
        return array_values($criteria);
    }

    /**
     * Rubric definitions in module contexts.
     *
     * @param int[] $contextids contexts
     * @return \stdClass[] by id
     */
    private function definitions(array $contextids): array {
        global $DB;
        if (!$contextids) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($contextids);
        return $DB->get_records_sql(
            "SELECT d.id, d.name, d.description, d.status, a.activemethod, a.contextid
               FROM {grading_areas} a
               JOIN {grading_definitions} d ON d.areaid = a.id AND d.method = 'rubric'
              WHERE a.component = 'mod_assign' AND a.areaname = 'submissions' AND a.contextid $in
           ORDER BY d.id",
            $params
        );
    }

    /**
     * Criteria with their levels, in the order of the rubric, levels by score.
     *
     * @param int[] $definitionids definitions
     * @return array definition id => rows
     */
    private function criteria(array $definitionids): array {
        global $DB;
        if (!$definitionids) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($definitionids);
        $rows = $DB->get_recordset_sql(
            "SELECT c.definitionid, c.id AS criterionid, c.description, l.id AS levelid, l.score, l.definition
               FROM {gradingform_rubric_criteria} c
          LEFT JOIN {gradingform_rubric_levels} l ON l.criterionid = c.id
              WHERE c.definitionid $in
           ORDER BY c.definitionid, c.sortorder, c.id, l.score, l.id",
            $params
        );
        $criteria = [];
        foreach ($rows as $row) {
            $criteria[$row->definitionid][] = $row;
        }
        $rows->close();
        return $criteria;
    }

    /**
     * How many people were graded with a rubric, whether or not the grade still stands as it was given.
     *
     * @param int[] $definitionids definitions
     * @return int[] by definition id
     */
    public function learners(array $definitionids): array {
        global $DB;
        if (!$definitionids) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($definitionids);
        $counts = $DB->get_records_sql_menu(
            "SELECT i.definitionid, COUNT(DISTINCT g.userid)
               FROM {grading_instances} i
               JOIN {assign_grades} g ON g.id = i.itemid
              WHERE i.status IN (1, 2) AND i.definitionid $in
           GROUP BY i.definitionid",
            $params
        );
        return array_map('intval', $counts);
    }
}
