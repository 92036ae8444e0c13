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
 * Everything of a course that a plan compares with.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Reads a course. The number of queries depends neither on its learners nor on its activities; nothing is written.
 */
final class course_state {
    /**
     * Reads a course.
     *
     * @param scope $scope the course
     * @return array
     */
    public static function read(scope $scope): array {
        [$ours, $copies, $conflicts] = (new activity_index($scope))->all();
        return [
            'course' => [
                'id' => (int)$scope->course->id,
                'idnumber' => $scope->course->idnumber,
                'servertime' => time(),
            ],
            'sections' => array_values((new sections($scope))->states()),
            'activities' => self::activities($scope, $ours),
            'rubrics' => (new rubric_state($scope))->read(array_filter($ours, fn($cm) => $cm->modname === 'assign')),
            'competencies' => (new competency_links($scope))->states($ours),
            'completion' => (new course_completion($scope))->state(),
            'enrolments' => (new enrolments($scope))->states(),
            'events' => (new events($scope))->states(),
            'groups' => (new groups($scope))->states(),
            'baseline' => (object)(new baseline($scope->namespace, (int)$scope->course->id))->all(),
            'copies' => array_map(fn($cm) => ['idnumber' => $cm->idnumber, 'id' => (int)$cm->id], $copies),
            'conflicts' => array_map(
                fn($idnumber, $ids) => ['idnumber' => (string)$idnumber, 'ids' => $ids],
                array_keys($conflicts),
                $conflicts
            ),
        ];
    }

    /**
     * The activities.
     *
     * @param scope $scope the course
     * @param \stdClass[] $cms course modules, by key
     * @return array entries
     */
    private static function activities(scope $scope, array $cms): array {
        $states = (new activity_state($scope))->read($cms);
        $learners = learners::of(array_column($cms, 'id'));
        $entries = [];
        foreach ($cms as $key => $cm) {
            $entries[] = [
                'key' => (string)$key,
                'id' => (int)$cm->id,
                'modname' => $cm->modname,
                'instance' => (int)$cm->instance,
                'contextid' => (int)$cm->contextid,
                'state' => $states[$key],
                'learners' => $learners[$cm->id] ?? 0,
            ];
        }
        return $entries;
    }
}
