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
 * Competencies linked to activities.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

use core_competency\api;
use core_competency\competency;
use core_competency\course_module_competency;

/**
 * Links by "<activity key>~<competency idnumber>".
 */
final class competency_links implements kind {
    /** Our words for what completing the activity does to the competency. */
    private const OUTCOMES = [
        course_module_competency::OUTCOME_NONE => 'none',
        course_module_competency::OUTCOME_EVIDENCE => 'evidence',
        course_module_competency::OUTCOME_RECOMMEND => 'recommend',
        course_module_competency::OUTCOME_COMPLETE => 'complete',
    ];

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

    #[\Override]
    public function name(): string {
        return 'activity_competency';
    }

    #[\Override]
    public function parse(payload $payload): item {
        $payload->only('key', 'fields', 'desired');
        $key = $payload->html('key');
        [$activity, $competency] = explode('~', $key, 2) + [1 => ''];
        if (!payload::is_key($activity) || $competency === '' || \core_text::strlen($competency) > scope::IDNUMBER) {
            throw failure::payload($payload->at('key'), 'must be "<activity key>~<competency idnumber>"');
        }
        $fields = $payload->object('fields')->read([
            'outcome' => fn(payload $p, string $f) => $p->choice($f, array_values(self::OUTCOMES)),
        ]);
        $more = ['activity' => $activity, 'competency' => $competency];
        return new item($key, $fields, $payload->digests('desired'), $payload->path, $more);
    }

    #[\Override]
    public function apply(item $item): outcome {
        $cm = (new activity_index($this->scope))->get($item->more['activity'], "$item->path.key");
        $competencyid = $this->competency($item->more['competency'], "$item->path.key");
        $which = ['cmid' => $cm->id, 'competencyid' => $competencyid];
        $link = course_module_competency::get_record($which);
        $created = !$link;
        if ($created) {
            api::add_competency_to_course($this->scope->course->id, $competencyid);
            api::add_competency_to_course_module($cm->id, $competencyid);
            $link = course_module_competency::get_record($which, MUST_EXIST);
        }
        $wanted = isset($item->fields['outcome']) ? array_search($item->fields['outcome'], self::OUTCOMES, true) : null;
        $changed = $wanted !== null && $wanted !== (int)$link->get('ruleoutcome');
        if ($changed) {
            api::set_course_module_competency_ruleoutcome($link, $wanted, $link->get('overridegrade'));
        }
        $link = course_module_competency::get_record($which, MUST_EXIST);
        $action = $created ? outcome::CREATED : ($changed ? outcome::UPDATED : outcome::UNCHANGED);
        return new outcome($action, (int)$link->get('id'), ['outcome' => self::OUTCOMES[(int)$link->get('ruleoutcome')]]);
    }

    /**
     * The links of activities.
     *
     * @param \stdClass[] $cms course modules, by key
     * @return array entries
     */
    public function states(array $cms): array {
        global $DB;
        if (!$cms) {
            return [];
        }
        $keys = array_combine(array_column($cms, 'id'), array_keys($cms));
        [$in, $params] = $DB->get_in_or_equal(array_keys($keys));
        $rows = $DB->get_records_sql(
            "SELECT mc.id, mc.cmid, mc.ruleoutcome, c.idnumber
               FROM {competency_modulecomp} mc
               JOIN {competency} c ON c.id = mc.competencyid
              WHERE mc.cmid $in
           ORDER BY mc.id",
            $params
        );
        return array_map(fn($row) => [
            'key' => "{$keys[$row->cmid]}~$row->idnumber",
            'id' => (int)$row->id,
            'state' => ['outcome' => self::OUTCOMES[(int)$row->ruleoutcome]],
        ], array_values($rows));
    }

    /**
     * The id of a competency. Idnumbers are unique within a framework only.
     *
     * @param string $idnumber its idnumber
     * @param string $path of the key in the request
     * @return int
     */
    private function competency(string $idnumber, string $path): int {
        $found = competency::get_records(['idnumber' => $idnumber]);
        if (!$found) {
            throw new failure('nosuchkey', $path, (object)['kind' => 'competency', 'key' => $idnumber]);
        }
        if (count($found) > 1) {
            throw new failure('ambiguouskey', $path, $idnumber);
        }
        return (int)reset($found)->get('id');
    }
}
